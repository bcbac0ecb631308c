using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>
/// Payments on a database that was restored to an earlier time, while the rail remembers what came after.
/// </summary>
public sealed class RestoredTests
{
    private static readonly Guid Lost = Guid.Parse("01a21002-f792-7f5f-a455-0aaba3904c9b");

    [Fact]
    public async Task Until_the_recovery_is_ended_nothing_is_submitted_and_confirms_are_503()
    {
        await using var payments = await RestoredAsync();
        var id = Id(await payments.CreateAsync());
        await MatchedAsync(payments);

        using var refused = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        Assert.Equal("service_unavailable", await CodeOfAsync(refused, 503));
        Assert.Equal(0, payments.Rail.CountOf("PUT"));
        Assert.Equal(0, payments.Ledger.PostedCount);

        await EndAsync(payments);
        await payments.ConfirmAsync(id);
        await Eventually.TrueAsync(async () => await payments.StatusOfAsync(id) == "completed", Token);
    }

    [Theory]
    [InlineData(Codes.Static)]
    [InlineData(null)] // A rail that doesn't say what was paid: nothing of the same sum is.
    public async Task A_transfer_that_is_not_known_here_waits_for_an_operator_and_its_code_is_not_paid(string? qr)
    {
        await using var payments = await RestoredAsync();
        payments.Rail.Statement = () => StatementOf(Lost, "completed", 125_000, qr);
        await MatchedAsync(payments);
        await EndAsync(payments);
        var id = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 125_000 }));

        using var refused = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        var item = Assert.Single(await OpenAsync(payments));

        Assert.Equal("payment_duplicate", await CodeOfAsync(refused, 409));
        Assert.Equal(0, payments.Ledger.PostedCount);
        Assert.Equal((Lost, "unknown here", "completed"), (
            item.GetProperty("id").GetGuid(), item.GetProperty("fault").GetString(), item.GetProperty("status").GetString()));

        using var client = payments.ServiceClient("gateway", PaymentsRegistration.OperatorScope);
        using var closed = await payments.PostAsync(
            $"/internal/recovery/transfers/{Lost}/close", new { @operator = "anna", reason = "booked" }, client: client);
        Assert.Equal(200, (int)closed.StatusCode);
        Assert.Empty(await OpenAsync(payments));
        await payments.ConfirmAsync(id);
    }

    [Fact]
    public async Task A_transfer_that_the_rail_never_executed_holds_nothing_back()
    {
        await using var payments = await RestoredAsync();
        payments.Rail.Statement = () => StatementOf(Lost, "failed", 125_000, Codes.Static);
        await MatchedAsync(payments);
        await EndAsync(payments);

        Assert.Empty(await OpenAsync(payments));
        await payments.ConfirmAsync(Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 125_000 })));
    }

    [Fact]
    public async Task A_payment_that_the_rail_has_executed_and_that_is_not_debited_here_waits_for_an_operator()
    {
        await using var payments = await RestoredAsync();
        payments.Rail.Statement = () => null;
        var id = Id(await payments.CreateAsync());
        Assert.Contains("statement", await WaitsForAsync(payments)); // Without it nothing is matched.
        using (var early = await EndingAsync(payments))
        {
            Assert.Equal("recovery_not_matched", await CodeOfAsync(early, 409));
        }

        payments.Rail.Statement = () => StatementOf(id, "completed", 125_000, null);
        await MatchedAsync(payments);
        await EndAsync(payments);
        using var refused = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        Assert.Equal("payment_duplicate", await CodeOfAsync(refused, 409));
        Assert.Equal("never debited", Assert.Single(await OpenAsync(payments)).GetProperty("fault").GetString());
    }

    [Fact]
    public async Task A_debit_that_was_open_when_the_rail_paid_is_taken_up_even_after_the_payments_time()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Before = _ => throw new HttpRequestException("Ledger is away.");
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        payments.Ledger.Before = null;
        await payments.EndLifeAsync(id);
        await payments.ExecuteSqlAsync(
            """
            INSERT INTO payments.unmatched_transfer (mode, transfer_id, rail, status, fault)
            VALUES ('test', @id, 'sandbox', 'completed', 'never debited')
            """, new { id });
        payments.Rail.Set(id, "completed");

        await payments.RecoverAsync();
        await payments.TurnAsync(id);

        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Empty(await OpenAsync(payments));

        // Off the list, it holds nothing back: this rail names no codes, and the next payment has its sum.
        await payments.ConfirmAsync(Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 125_000 })));
    }

    [Fact]
    public async Task A_payment_from_before_the_recovery_is_asked_for_by_its_id_before_it_is_submitted()
    {
        await using var payments = await RestoredAsync();
        var payment = await payments.CreateAsync();
        var (id, createdAt) = (Id(payment), payment["createdAt"]!.GetValue<DateTimeOffset>());
        await payments.ExecuteAsOwnerAsync("UPDATE recovery.episode SET begun_at = clock_timestamp()");
        var gate = payments.Services.GetRequiredService<RecoveryGate>();
        await Eventually.TrueAsync(
            () => Task.FromResult(gate.MayBeKnownOutside(createdAt)), Token);
        await MatchedAsync(payments);
        await EndAsync(payments);
        payments.Rail.Set(id, "completed"); // By what was lost.

        await payments.ConfirmAsync(id);
        await Eventually.TrueAsync(async () => await payments.StatusOfAsync(id) == "completed", Token);

        Assert.Equal(0, payments.Rail.CountOf("PUT"));
        Assert.Equal(1, payments.Ledger.PostedCount);
    }

    private static Task<PaymentsHarness> RestoredAsync() => StartAsync(
        new()
        {
            ["Recovery:Since"] = TimeProvider.System.GetUtcNow().AddMinutes(-1).ToString("O"),
            ["Recovery:SettleMinutes"] = "0",
        },
        runJobs: true);

    /// <summary>A round that began from now on has left nothing open.</summary>
    private static async Task MatchedAsync(PaymentsHarness payments)
    {
        var from = TimeProvider.System.GetUtcNow();
        await Eventually.TrueAsync(
            async () => await EpisodeAsync(payments) is { } episode
                && episode.GetProperty("matchedAt") is { ValueKind: JsonValueKind.String } at
                && at.GetDateTimeOffset() > from
                && episode.GetProperty("waitsFor").ValueKind == JsonValueKind.Null,
            Token);
    }

    private static async Task<string> WaitsForAsync(PaymentsHarness payments)
    {
        string? waitsFor = null;
        await Eventually.TrueAsync(
            async () => (waitsFor = (await EpisodeAsync(payments))?.GetProperty("waitsFor").GetString()) is not null, Token);
        return waitsFor!;
    }

    private static async Task<JsonElement?> EpisodeAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", RecoveryRegistration.ScopeOf("payments"));
        var state = await client.GetFromJsonAsync<JsonElement>("/internal/recovery", Token);
        return state.GetProperty("episode") is { ValueKind: JsonValueKind.Object } episode ? episode : null;
    }

    private static async Task<HttpResponseMessage> EndingAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", RecoveryRegistration.ScopeOf("payments"));
        return await payments.PostAsync(
            "/internal/recovery/end", new { @operator = "anna", reason = "matched" }, client: client);
    }

    private static async Task EndAsync(PaymentsHarness payments)
    {
        using var ended = await EndingAsync(payments);
        Assert.Equal(200, (int)ended.StatusCode);
        await payments.Services.GetRequiredService<RecoveryGate>().WaitOpenAsync(Token);
    }

    private static async Task<IReadOnlyList<JsonElement>> OpenAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", PaymentsRegistration.OperatorScope);
        var list = await client.GetFromJsonAsync<JsonElement>("/internal/recovery/transfers", Token);
        return [.. list.GetProperty("transfers").EnumerateArray()];
    }

    private static string StatementOf(Guid id, string status, long amountMinor, string? qr) => JsonSerializer.Serialize(new
    {
        transfers = new[] { new { id, status, amountMinor, qr } },
        nextFrom = (string?)null,
    });
}
