using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Clients;

/// <summary>A merchant's endpoint in one mode, as Webhooks knows it.</summary>
internal sealed record WebhookEndpoint
{
    public required string? WebhookUrl { get; init; }

    public required bool WebhookEnabled { get; init; }

    /// <summary>The signature's secret; only in the answer to a first set-up or a rotation.</summary>
    public string? Secret { get; init; }
}

/// <summary>Webhooks' internal API: endpoints belong to it, accounts to us.</summary>
internal sealed partial class WebhooksClient(HttpClient http, ILogger<WebhooksClient> logger)
{
    public const string Service = "webhooks";
    public const string Scope = "webhooks:configure";
    public const int TimeoutSeconds = 10;

    private static readonly HashSet<HttpStatusCode> AboutTheEndpoint =
        [HttpStatusCode.BadRequest, HttpStatusCode.Conflict, HttpStatusCode.UnprocessableContent];

    /// <exception cref="RejectedException">503 when Webhooks doesn't answer as agreed.</exception>
    public async Task<WebhookEndpoint> GetAsync(Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(PathOf(merchantId, mode), cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    /// <param name="merchantId">Whose endpoint.</param>
    /// <param name="mode">In which world.</param>
    /// <param name="body">The merchant's own JSON, judged by Webhooks.</param>
    /// <param name="cancellationToken">Stops waiting; the change may have been made.</param>
    /// <exception cref="RejectedException">Webhooks' refusal of the body, or 503.</exception>
    public async Task<WebhookEndpoint> PutAsync(
        Guid merchantId, Mode mode, byte[] body, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await http.PutAsync(PathOf(merchantId, mode), content, cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    private static Uri PathOf(Guid merchantId, Mode mode) =>
        new($"/internal/endpoints/{merchantId}/{mode.Code}", UriKind.Relative);

    private async Task<WebhookEndpoint> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.ReadAsync(Service, AboutTheEndpoint, logger, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize<WebhookEndpoint>(body, JsonSerializerOptions.Web)!;
        }
        catch (JsonException exception)
        {
            LogUnreadable(exception);
            throw new RejectedException(CommonErrors.Unavailable);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhooks answered with a body that is not as agreed")]
    private partial void LogUnreadable(Exception exception);
}
