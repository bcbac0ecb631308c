using System.Net.Http.Headers;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Clients;

/// <summary>Payments' internal API for what operators do to payments.</summary>
internal sealed class PaymentsClient(HttpClient http, ILogger<PaymentsClient> logger)
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
        return await response.ReadAsync(Service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
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
        return await response.ReadAsync(Service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
    }

    /// <summary>Transfers at the rail that no payment explains after a restore, as Payments wrote them.</summary>
    /// <param name="query">The operator's <c>limit</c>, judged by Payments.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="RejectedException">Payments' refusal of the query, or 503.</exception>
    public async Task<byte[]> ListUnmatchedAsync(QueryString query, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(
            new Uri($"/internal/recovery/transfers{query}", UriKind.Relative), cancellationToken);
        return await response.ReadAsync(Service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
    }

    /// <summary>Ends an operator's work on such a transfer; repeating it is harmless.</summary>
    /// <param name="transferId">Which transfer.</param>
    /// <param name="operator">The operator's name.</param>
    /// <param name="reason">The operator's.</param>
    /// <param name="cancellationToken">Stops waiting; it may have been closed.</param>
    /// <exception cref="RejectedException">Payments' refusal, or 503.</exception>
    public async Task<byte[]> CloseUnmatchedAsync(
        Guid transferId, string @operator, string reason, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(
            new Uri($"/internal/recovery/transfers/{transferId}/close", UriKind.Relative),
            new { @operator, reason }, cancellationToken);
        return await response.ReadAsync(Service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
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
        return await response.ReadAsync(Service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
    }
}
