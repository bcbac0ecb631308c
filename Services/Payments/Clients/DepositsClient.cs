using System.Text.Json;
using ArdorQr.Contracts;
using Microsoft.Extensions.Options;

namespace ArdorQr.Payments.Clients;

/// <summary>How a merchant can make up a shortfall, at the rate of now.</summary>
/// <param name="Amount">The USDT to send, the deposit's fee included.</param>
/// <param name="Rate">Roubles per USDT.</param>
/// <param name="FeeBps">The deposit's fee in basis points.</param>
/// <param name="Address">The merchant's own deposit address.</param>
/// <param name="Url">A <c>ton://transfer</c> link that a wallet opens ready to sign.</param>
internal sealed record TopUp(Usdt Amount, decimal Rate, int FeeBps, string Address, string Url);

/// <summary>Deposits' internal API. What it says is a help to the merchant and never waited for.</summary>
internal sealed partial class DepositsClient(
    HttpClient http, IOptions<PaymentsOptions> options, ILogger<DepositsClient> logger)
{
    public const string Scope = "deposits:quote";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Null when there is no answer in time, or none that is of use.</summary>
    public async Task<TopUp?> QuoteAsync(
        Guid merchantId, Mode mode, Kopecks shortfall, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Value.QuoteTimeoutMilliseconds);
        try
        {
            var path = $"/internal/quotes/{merchantId}/{mode.Code}?creditMinor={shortfall.Value}";
            return await http.GetFromJsonAsync<TopUp>(new Uri(path, UriKind.Relative), Json, patience.Token);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNoQuote(exception.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deposits gave no quote for a shortfall: {Reason}")]
    private partial void LogNoQuote(string reason);
}
