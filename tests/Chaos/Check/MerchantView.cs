using System.Text.Json;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>All that a merchant can see of itself by the public API.</summary>
internal sealed record MerchantView(
    Merchant Merchant, long BalanceMinor, IReadOnlyList<JsonElement> Operations, IReadOnlyList<JsonElement> Payments,
    JsonElement Checkpoint)
{
    private const int PageLimit = 100;
    private const int MaxPages = 2_000;

    public static async Task<MerchantView> ReadAsync(Merchant merchant, CancellationToken cancellationToken)
    {
        var balance = await merchant.Api.GetAsync("/v1/balance", cancellationToken);
        return new MerchantView(
            merchant, balance.GetProperty("balanceMinor").GetInt64(),
            await ListAsync(merchant, "operations", cancellationToken),
            await ListAsync(merchant, "payments", cancellationToken),
            await merchant.Api.GetAsync("/v1/operations/checkpoint", cancellationToken));
    }

    /// <summary>
    /// Page after page, newest first. Rows of one time may be shown by two pages: by id each is taken once.
    /// </summary>
    public static async Task<IReadOnlyList<JsonElement>> ListAsync(
        Merchant merchant, string name, CancellationToken cancellationToken, string? filter = null)
    {
        var rows = new List<JsonElement>();
        var seen = new HashSet<string>();
        string? before = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var path = $"/v1/{name}?limit={PageLimit}" + (filter is null ? "" : $"&{filter}")
                + (before is null ? "" : $"&before={Uri.EscapeDataString(before)}");
            var found = (await merchant.Api.GetAsync(path, cancellationToken))
                .GetProperty(name).EnumerateArray().ToList();
            rows.AddRange(found.Where(row => seen.Add(row.GetProperty("id").GetString()!)));
            if (found.Count < PageLimit)
            {
                return rows;
            }

            before = found[^1].GetProperty("createdAt").GetString();
        }

        throw new InvalidOperationException($"/v1/{name} has no end.");
    }
}
