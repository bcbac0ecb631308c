using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace ArdorQr.Ledger.Tests;

public sealed class AdjustmentTests
{
    private readonly Guid _merchant = Ids.New();

    [Fact]
    public async Task An_adjustment_moves_the_wallet_once_and_is_an_operation_with_its_reason()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var (up, down) = (Ids.New(), Ids.New());

        using var first = await SendAsync(ledger, up, 700);
        using var second = await SendAsync(ledger, down, -300);
        using var again = await SendAsync(ledger, down, -300);

        var answer = await second.Content.ReadFromJsonAsync<JsonElement>(LedgerHost.Token);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(answer.GetRawText(), await again.Content.ReadAsStringAsync(LedgerHost.Token));
        Assert.Equal(400, await ledger.BalanceAsync(_merchant));
        Assert.Equal(-400, await ledger.HouseAsync("adjustments"));
        var listed = (await ledger.GetAsync(_merchant, "/v1/operations")).GetProperty("operations")[0];
        Assert.Equal(answer.GetRawText(), listed.GetRawText());
        Assert.Equal(("adjustment", -300, down, "Корректировка: двойное зачисление"), (
            listed.GetProperty("type").GetString(), listed.GetProperty("amountMinor").GetInt64(),
            listed.GetProperty("sourceId").GetGuid(), listed.GetProperty("description").GetString()));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task An_adjustment_never_takes_a_wallet_below_zero_and_its_refusal_stays()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 100);
        var id = Ids.New();

        using var refused = await SendAsync(ledger, id, -101);
        await ledger.DepositAsync(_merchant, 100);
        using var again = await SendAsync(ledger, id, -101);

        Assert.Equal(HttpStatusCode.PaymentRequired, refused.StatusCode);
        Assert.Equal(HttpStatusCode.PaymentRequired, again.StatusCode);
        var error = (await again.Content.ReadFromJsonAsync<JsonElement>(LedgerHost.Token)).GetProperty("error");
        Assert.Equal("insufficient_funds", error.GetProperty("code").GetString());
        Assert.Equal(100, error.GetProperty("details").GetProperty("balanceMinor").GetInt64());
        Assert.Equal(200, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task The_same_id_with_other_content_or_beyond_64_bits_changes_nothing()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var id = Ids.New();
        using var first = await SendAsync(ledger, id, 700);

        using var other = await SendAsync(ledger, id, 701);
        using var worded = await SendAsync(ledger, id, 700, "иная причина");
        using var large = await SendAsync(ledger, Ids.New(), long.MaxValue);
        using var debit = await ledger.SendDebitAsync(Ids.Debit(_merchant, 1) with { Id = id });

        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, worded.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, debit.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableContent, large.StatusCode);
        Assert.Equal(700, await ledger.BalanceAsync(_merchant));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task Only_its_own_scope_adjusts()
    {
        await using var ledger = await LedgerHost.StartAsync();

        using var response = await ledger.Payments.PostAsJsonAsync(
            new Uri("/internal/adjustments", UriKind.Relative), new { id = Ids.New() }, LedgerHost.Token);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    private async Task<HttpResponseMessage> SendAsync(
        LedgerHost ledger, Guid id, long amount, string reason = "двойное зачисление")
    {
        using var client = ledger.Factory.ClientOfService("gateway", "ledger:adjust");
        return await client.PostAsJsonAsync(
            new Uri("/internal/adjustments", UriKind.Relative),
            new { id, merchantId = _merchant, mode = "test", amountMinor = amount, reason }, LedgerHost.Token);
    }
}
