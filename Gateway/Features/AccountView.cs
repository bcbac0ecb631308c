using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features;

/// <summary>A merchant as it sees itself, with the endpoint of the key's mode.</summary>
internal sealed record AccountView(
    Guid Id, string Name, string Status, string? WebhookUrl, bool WebhookEnabled, DateTimeOffset CreatedAt)
{
    public static AccountView Of(MerchantRow merchant, WebhookEndpoint endpoint) =>
        new(merchant.Id, merchant.Name, merchant.Status, endpoint.WebhookUrl, endpoint.WebhookEnabled, merchant.CreatedAt);
}
