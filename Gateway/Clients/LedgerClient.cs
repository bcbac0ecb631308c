using System.Net;
using System.Net.Http.Json;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Gateway.Clients;

/// <summary>Ledger's internal API for what operators do to the books.</summary>
internal sealed class LedgerClient(HttpClient http, ILogger<LedgerClient> logger)
{
    public const string Service = "ledger";
    public const string Scope = "ledger:adjust";
    public const int TimeoutSeconds = 10;

    private static readonly Uri Adjustments = new("/internal/adjustments", UriKind.Relative);

    private static readonly HashSet<HttpStatusCode> AboutTheAdjustment =
    [
        HttpStatusCode.BadRequest, HttpStatusCode.PaymentRequired, HttpStatusCode.Conflict, HttpStatusCode.UnprocessableContent,
    ];

    internal sealed record Adjustment(Guid Id, Guid MerchantId, Mode Mode, Kopecks AmountMinor, string Reason);

    /// <summary>Adjusts a wallet, once per id, and returns the operation's JSON as Ledger wrote it.</summary>
    /// <exception cref="RejectedException">
    /// Ledger's refusal (the balance, the content, another content under this id), or 503: ask again by the same id.
    /// </exception>
    public async Task<byte[]> AdjustAsync(Adjustment adjustment, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(Adjustments, adjustment, ApiJson.Options, cancellationToken);
        return await response.ReadAsync(Service, AboutTheAdjustment, logger, cancellationToken);
    }
}
