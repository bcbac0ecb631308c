using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>All that can come to an address on the chain, and what the merchant sees of it.</summary>
[Collection(OneSystem.Name)]
public sealed class DepositScenarioTests(RunningSystem system)
{
    private const decimal BelowMinimum = 0.000011m;
    private const int InOneTrace = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Each with a sum of its own, by which it is known again.</summary>
    private static readonly Order[] Credited =
    [
        new(11.000001m, "transfer"), new(12.000001m, "transfer") { Comment = "Счёт 17" },
        new(13.000001m, "transfer") { Count = InOneTrace }, new(14.000001m, "mint"),
        new(15.000001m, "transfer") { LateBlocks = 3 }, new(16.000001m, "hidden"),
    ];

    private static readonly Order[] NotCredited =
    [
        new(21.000001m, "fake_master"), new(22.000001m, "spoofed"), new(23.000001m, "bounced"), new(24.000001m, "aborted"),
        new(25.000001m, "out_of_gas"), new(26.000001m, "ton"), new(BelowMinimum, "transfer"),
    ];

    private static readonly string[] Faults = ["rate_limited", "unavailable", "cut", "garbled"];

    [Fact]
    public async Task Exactly_what_arrived_is_credited_and_told_once()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var address = (await merchant.GetAsync("/v1/deposit-address", Token)).Text("address");
        using var faucet = await system.FaucetAsync(Token);
        foreach (var kind in Faults)
        {
            await PostAsync(faucet, "chain-faults", new { kind, requests = 2 });
        }

        foreach (var order in NotCredited.Concat(Credited))
        {
            await PostAsync(faucet, "transfers", new
            {
                toAddress = address, order.Amount, order.Scenario, order.Comment, order.Count, order.LateBlocks,
            });
        }

        var expected = Credited.SelectMany(order => Enumerable.Repeat(order.Amount, order.Count)).Order().ToList();
        await Eventually.TrueAsync(
            () => Task.FromResult(Told(merchant).Count >= expected.Count), Token, limitSeconds: 120);
        await Eventually.TrueAsync(async () => (await DepositsAsync(merchant)).Any(deposit =>
            AmountOf(deposit) == BelowMinimum && deposit.GetProperty("status").GetString() == "below_minimum"), Token);

        var told = Told(merchant);
        Assert.Equal(expected, told.Select(AmountOf).Order());
        var shown = (await DepositsAsync(merchant)).Where(deposit => deposit.GetProperty("status").GetString() == "credited");
        Assert.Equal(expected, shown.Select(AmountOf).Order());
        Assert.Equal(told.Sum(JourneyTests.CheckedCredit), await merchant.BalanceAsync(Token));
        Assert.Equal(expected.Count, (await merchant.OperationsAsync(Token)).Count);
        Assert.Equal(0, merchant.Webhooks.Forged);
        Assert.DoesNotContain(merchant.Webhooks.All, received => AmountOf(received.Data) == BelowMinimum);
    }

    private static List<JsonElement> Told(Merchant merchant) =>
    [
        .. merchant.Webhooks.All.Where(received => received.Type == "deposit.credited")
            .DistinctBy(received => received.EventId).Select(received => received.Data),
    ];

    private static decimal AmountOf(JsonElement deposit) => deposit.GetProperty("amount").GetDecimal();

    private static async Task<IReadOnlyList<JsonElement>> DepositsAsync(Merchant merchant) =>
        [.. (await merchant.GetAsync("/v1/deposits?limit=100", Token)).Expect(HttpStatusCode.OK).Body.GetProperty("deposits").EnumerateArray()];

    private static async Task PostAsync(HttpClient faucet, string path, object body)
    {
        using var response = await faucet.PostAsJsonAsync(new Uri(path, UriKind.Relative), body, Token);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Token)}");
    }

    /// <summary>What is sent to the merchant's address.</summary>
    /// <param name="Amount">USDT.</param>
    /// <param name="Scenario">As the faucet calls it.</param>
    private sealed record Order(decimal Amount, string Scenario)
    {
        public string? Comment { get; init; }
        public int Count { get; init; } = 1;
        public int LateBlocks { get; init; }
    }
}
