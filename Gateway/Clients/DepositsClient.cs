using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Clients;

/// <summary>Deposits' internal API for what operators do to deposits.</summary>
internal sealed class DepositsClient(HttpClient http, ILogger<DepositsClient> logger)
{
    public const string Service = "deposits";
    public const string Scope = "deposits:operate";
    public const int TimeoutSeconds = 10;

    /// <summary>The held deposits, as Deposits wrote them.</summary>
    /// <param name="query">The operator's <c>limit</c> and <c>before</c>, judged by Deposits.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="RejectedException">Deposits' refusal of the query, or 503.</exception>
    public async Task<byte[]> ListHeldAsync(QueryString query, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(
            new Uri($"/internal/deposits{query}", UriKind.Relative), cancellationToken);
        return await response.ReadAsync(Service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
    }

    /// <summary>An operator's word on a held deposit; repeating it is harmless.</summary>
    /// <param name="depositId">Which deposit.</param>
    /// <param name="decision"><c>credit</c> or <c>refuse</c>, judged by Deposits.</param>
    /// <param name="reason">Why, in the operator's words.</param>
    /// <param name="operator">The operator's name.</param>
    /// <param name="cancellationToken">Stops waiting; the word may have been taken.</param>
    /// <exception cref="RejectedException">Deposits' refusal, or 503.</exception>
    public async Task<byte[]> DecideAsync(
        Guid depositId, string decision, string reason, string @operator, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(
            new Uri($"/internal/deposits/{depositId}/decide", UriKind.Relative),
            new { decision, reason, @operator }, cancellationToken);
        return await response.ReadAsync(Service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
    }
}
