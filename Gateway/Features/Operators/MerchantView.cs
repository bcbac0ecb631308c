using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>A merchant as the operator sees it.</summary>
internal sealed record MerchantView(Guid Id, string Name, string Status, DateTimeOffset CreatedAt)
{
    public static MerchantView Of(MerchantRow row) => new(row.Id, row.Name, row.Status, row.CreatedAt);
}
