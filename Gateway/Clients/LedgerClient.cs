using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Gateway.Clients;

/// <summary>Ledger's internal API for what operators do to the books.</summary>
internal sealed partial class LedgerClient(HttpClient http, ILogger<LedgerClient> logger)
{
    public const string Service = "ledger";
    public const string Scope = "ledger:adjust";
    public const int TimeoutSeconds = 10;

    private static readonly Uri Adjustments = new("/internal/adjustments", UriKind.Relative);

    internal sealed record Adjustment(Guid Id, Guid MerchantId, Mode Mode, Kopecks AmountMinor, string Reason);

    /// <summary>Adjusts a wallet, once per id, and returns the operation's JSON as Ledger wrote it.</summary>
    /// <exception cref="RejectedException">
    /// Ledger's refusal (the balance, the content, another content under this id), or 503: ask again by the same id.
    /// </exception>
    public async Task<byte[]> AdjustAsync(Adjustment adjustment, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(Adjustments, adjustment, ApiJson.Options, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return body;
        }

        if (RefusalOf(response.StatusCode, body) is { } refusal)
        {
            throw new RejectedException(refusal);
        }

        LogFailed((int)response.StatusCode);
        throw new RejectedException(CommonErrors.Unavailable);
    }

    /// <summary>What Ledger says of the adjustment is the operator's; what it says of our token or path is not.</summary>
    private ApiError? RefusalOf(HttpStatusCode status, byte[] body)
    {
        if (status is not (HttpStatusCode.BadRequest or HttpStatusCode.PaymentRequired or HttpStatusCode.Conflict
            or HttpStatusCode.UnprocessableContent))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Refusal>(body, JsonSerializerOptions.Web) is { Error: { } error }
                ? new ApiError(error.Code, (int)status, error.Message) { Details = error.Details }
                : null;
        }
        catch (JsonException exception)
        {
            LogUnreadable((int)status, exception);
            return null;
        }
    }

    private sealed record Refusal(RefusalBody? Error);

    private sealed record RefusalBody(string Code, string Message, JsonElement? Details);

    [LoggerMessage(Level = LogLevel.Error, Message = "Ledger answered {Status} with a body that is not as agreed")]
    private partial void LogUnreadable(int status, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Ledger answered {Status}")]
    private partial void LogFailed(int status);
}
