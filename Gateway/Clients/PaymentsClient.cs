using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Clients;

/// <summary>Payments' internal API for what operators do to payments.</summary>
internal sealed partial class PaymentsClient(HttpClient http, ILogger<PaymentsClient> logger)
{
    public const string Service = "payments";
    public const string Scope = "payments:operate";
    public const int TimeoutSeconds = 30; // Settling asks the rail first.

    /// <summary>The payments in review, as Payments wrote them.</summary>
    /// <param name="query">The operator's <c>limit</c> and <c>before</c>, judged by Payments.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="RejectedException">Payments' refusal of the query, or 503.</exception>
    public async Task<byte[]> ListInReviewAsync(QueryString query, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(
            new Uri($"/internal/payments{query}", UriKind.Relative), cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    /// <summary>Ends a payment in review; repeating it is harmless.</summary>
    /// <param name="paymentId">Which payment.</param>
    /// <param name="body">The operator's own JSON, judged by Payments.</param>
    /// <param name="cancellationToken">Stops waiting; the payment may have been settled.</param>
    /// <exception cref="RejectedException">Payments' refusal, or 503.</exception>
    public async Task<byte[]> SettleAsync(Guid paymentId, byte[] body, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await http.PostAsync(
            new Uri($"/internal/payments/{paymentId}/settle", UriKind.Relative), content, cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    /// <summary>Ends an operator's work on a payment that the rail has contradicted; repeating it is harmless.</summary>
    /// <param name="paymentId">Which payment.</param>
    /// <param name="reason">The operator's.</param>
    /// <param name="cancellationToken">Stops waiting; it may have been cleared.</param>
    /// <exception cref="RejectedException">Payments' refusal, or 503.</exception>
    public async Task<byte[]> ClearAsync(Guid paymentId, string reason, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(
            new Uri($"/internal/payments/{paymentId}/clear", UriKind.Relative), new { reason }, cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return body;
        }

        LogRefused((int)response.StatusCode);
        throw new RejectedException(RefusalOf(response.StatusCode, body) ?? CommonErrors.Unavailable);
    }

    /// <summary>What Payments says of the payment is the operator's; what it says of our token is not.</summary>
    private static ApiError? RefusalOf(HttpStatusCode status, byte[] body)
    {
        if (status is not (HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.Conflict
            or HttpStatusCode.UnprocessableContent or HttpStatusCode.ServiceUnavailable))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Refusal>(body, JsonSerializerOptions.Web) is { Error: { } error }
                ? new ApiError(error.Code, (int)status, error.Message) { Details = error.Details }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Refusal(RefusalBody? Error);

    private sealed record RefusalBody(string Code, string Message, JsonElement? Details);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Payments answered {Status}")]
    private partial void LogRefused(int status);
}
