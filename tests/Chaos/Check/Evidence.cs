using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Chaos.Hosting;
using ArdorQr.Chaos.Load;
using ArdorQr.Testing;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// Everything the checker judges by: the clients' log, the public and the operator API, the Sandbox's truth.
/// </summary>
internal sealed record Evidence(
    Journal Journal, IReadOnlyList<Receipt> Receipts, SandboxTruth Truth, IReadOnlyList<MerchantView> Merchants,
    IReadOnlyDictionary<Guid, JsonElement> Deposits, IReadOnlyList<Guid> InReview, JsonElement Reconciliation,
    JsonElement? Comparison, IReadOnlyList<JsonElement> DeadLetters, IReadOnlyList<Replay> Replays)
{
    private const int ReadsAtOnce = 6;
    private const int ReviewLimit = 100;
    private const int CompareLimitSeconds = 180;
    private const int MostDiscrepancies = 20;

    private static readonly TimeSpan ComparePause = TimeSpan.FromMilliseconds(500);

    public static async Task<Evidence> GatherAsync(
        House house, Journal journal, IReadOnlyList<Merchant> merchants, ApiCaller operators, bool comparesBooks,
        CancellationToken cancellationToken)
    {
        // First: one that is executed again, not answered again, shows in everything else too.
        var replays = await ReplayCheck.AskAsync(journal, merchants, cancellationToken);
        var views = await Task.WhenAll(merchants.Select(merchant => MerchantView.ReadAsync(merchant, cancellationToken)));
        var deposits = new Dictionary<Guid, JsonElement>();
        var wanted = views.SelectMany(view => view.Operations
            .Where(operation => operation.GetProperty("type").GetString() == "deposit")
            .Select(operation => (view.Merchant, Id: operation.GetProperty("sourceId").GetGuid())));
        await Parallel.ForEachAsync(
            wanted, new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = cancellationToken },
            async (deposit, token) =>
            {
                var found = await deposit.Merchant.Api.GetAsync($"/v1/deposits/{deposit.Id}", token);
                lock (deposits)
                {
                    deposits[deposit.Id] = found;
                }
            });
        return new Evidence(
            journal, [.. journal.Receipts], await SandboxTruth.ReadAsync(house, cancellationToken), views, deposits,
            await InReviewAsync(operators, cancellationToken),
            await operators.GetAsync("/operator/reconciliation", cancellationToken),
            comparesBooks ? await CompareBooksAsync(operators, cancellationToken) : null,
            [.. (await operators.GetAsync("/operator/dead-letters", cancellationToken))
                .GetProperty("deadLetters").EnumerateArray()],
            replays);
    }

    public static async Task<IReadOnlyList<Guid>> InReviewAsync(
        ApiCaller operators, CancellationToken cancellationToken)
    {
        var ids = new List<Guid>();
        string? before = null;
        while (true)
        {
            var path = $"/operator/payments?status=review&limit={ReviewLimit}"
                + (before is null ? "" : $"&before={Uri.EscapeDataString(before)}");
            var page = (await operators.GetAsync(path, cancellationToken))
                .GetProperty("payments").EnumerateArray().ToList();
            ids.AddRange(page.Select(payment => payment.GetProperty("id").GetGuid()));
            if (page.Count < ReviewLimit)
            {
                return [.. ids.Distinct()];
            }

            before = page[^1].GetProperty("createdAt").GetString();
        }
    }

    /// <summary>Has the operator's comparison of all books made, and waits for what it finds.</summary>
    private static async Task<JsonElement> CompareBooksAsync(ApiCaller operators, CancellationToken cancellationToken)
    {
        const string path = "/operator/reconciliation/runs";
        var asked = await operators.SendAsync(HttpMethod.Post, path, new { }, null, cancellationToken);
        var id = asked.Status == HttpStatusCode.Accepted
            ? asked.Body.GetProperty("id").GetGuid()
            : throw new InvalidOperationException($"POST {path}: {(int)asked.Status} {asked.Text}");
        JsonElement found = default;
        await Eventually.TrueAsync(
            async () =>
            {
                found = await operators.GetAsync($"{path}/{id}?limit={MostDiscrepancies}", cancellationToken);
                return found.GetProperty("run").GetProperty("finishedAt").ValueKind != JsonValueKind.Null;
            },
            cancellationToken, CompareLimitSeconds, () => $"The comparison of the books: {found}", ComparePause);
        return found;
    }
}
