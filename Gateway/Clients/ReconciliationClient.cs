using System.Text.Json;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Gateway.Clients;

/// <summary>One thing that must be so, and whether it is.</summary>
/// <param name="Name">Stable.</param>
/// <param name="Ok">Whether it is so.</param>
/// <param name="Expected">As it should be.</param>
/// <param name="Actual">As it is.</param>
/// <param name="Details">Where to look; null when all is well.</param>
internal sealed record ReconciliationCheck(string Name, bool Ok, JsonElement Expected, JsonElement Actual, JsonElement? Details);

/// <summary>What each service finds when it reconciles itself: <c>/internal/reconciliation</c>.</summary>
internal sealed partial class ReconciliationClient(
    IHttpClientFactory clients, TokenIssuer tokens, ILogger<ReconciliationClient> logger)
{
    public const int TimeoutSeconds = 30;

    private const string Path = "/internal/reconciliation";

    /// <summary>The services that answer for something.</summary>
    public static IReadOnlyList<string> Services { get; } = ["ledger", "deposits", "payments", "webhooks"];

    private sealed record Answer(IReadOnlyList<ReconciliationCheck> Checks);

    /// <summary>The service's checks; one that doesn't answer has failed a check by that.</summary>
    public async Task<IReadOnlyList<ReconciliationCheck>> AskAsync(string service, CancellationToken cancellationToken)
    {
        try
        {
            using var client = clients.CreateClient(nameof(ReconciliationClient));
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https+http://{service}{Path}"));
            request.Headers.Authorization = new("Bearer", tokens.IssueService(service, $"{service}:reconcile"));
            using var response = await client.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            var answer = await response.Content.ReadFromJsonAsync<Answer>(JsonSerializerOptions.Web, cancellationToken);
            return answer?.Checks ?? throw new JsonException("No checks.");
        }
        catch (Exception exception) when (
            exception is HttpRequestException or JsonException or TaskCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            LogNoAnswer(service, exception.GetBaseException().Message);
            return
            [
                new ReconciliationCheck(
                    $"{service}_answers", false, JsonSerializer.SerializeToElement(true), JsonSerializer.SerializeToElement(false),
                    JsonSerializer.SerializeToElement("The service did not answer with its checks.")),
            ];
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service} did not reconcile itself: {Reason}")]
    private partial void LogNoAnswer(string service, string reason);
}
