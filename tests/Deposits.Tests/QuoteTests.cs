using System.Net;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using CsCheck;

namespace ArdorQr.Deposits.Tests;

/// <summary>What a merchant must send for a sum to be credited.</summary>
public sealed class QuoteTests
{
    private const string Path = "/internal/quotes/01900000-0000-7000-8000-000000000001/test?creditMinor=";

    private static readonly Gen<long> Kopecks =
        Gen.Frequency((1, Gen.Long[1, 1_000]), (2, Gen.Long[1, 100_000_000]), (1, Gen.Long[1, 1_000_000_000_000]));

    private static readonly Gen<long> RateMicros =
        Gen.Frequency((1, Gen.Long[1_000, 1_000_000]), (3, Gen.Long[40_000_000, 250_000_000]));

    [Fact]
    public void The_amount_is_enough_and_a_micro_unit_less_is_not() =>
        Gen.Select(Kopecks, RateMicros, Gen.Int[0, 9_999]).Sample((kopecks, rateMicros, feeBps) =>
        {
            var (sum, rate) = (new Kopecks(kopecks), UsdtRate.FromMicros(rateMicros));

            if (CreditInverse.SmallestFor(sum, rate, feeBps) is { } amount)
            {
                Assert.True(Credit.Of(amount, rate, feeBps).Credited >= sum);
                Assert.True(Credit.Of(Usdt.FromMicros(amount.Micros - 1), rate, feeBps).Credited < sum);
            }
        });

    [Fact]
    public void The_contracts_example_goes_backwards()
    {
        var amount = CreditInverse.SmallestFor(new Kopecks(1_141_483), UsdtRate.FromMicros(92_340_000), 150);

        Assert.True(amount <= Usdt.FromMicros(125_500_000) && amount > Usdt.FromMicros(125_499_000), amount.ToString());
    }

    [Fact]
    public void A_sum_beyond_all_amounts_has_none() =>
        Assert.Null(CreditInverse.SmallestFor(new Kopecks(long.MaxValue), UsdtRate.FromMicros(1), 9_999));

    [Fact]
    public async Task A_quote_names_the_amount_with_its_fee_and_a_link_that_pays_it()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        using var client = deposits.Factory.ClientOfService("payments", "deposits:quote");

        var (status, body) = await DepositsHost.SendAsync(client, HttpMethod.Get, Path + "1000000");

        Assert.Equal(HttpStatusCode.OK, status);
        var rate = body.GetProperty("rate").GetDecimal();
        Assert.True(UsdtRate.TryFromDecimal(rate, out var exact));
        var expected = CreditInverse.SmallestFor(new Kopecks(1_000_000), exact, 150)!.Value;
        Assert.Equal(expected.ToDecimal(), body.GetProperty("amount").GetDecimal());
        Assert.Equal(150, body.GetProperty("feeBps").GetInt32());
        Assert.Equal(
            $"ton://transfer/{Samples.OwnerFriendly}?jetton=kQChScvm2cJvTDmtlEy-A8axZTWDlPbkOXCGR_sEOmQQ30-n&amount={expected.Micros}",
            body.GetProperty("url").GetString());
    }

    [Fact]
    public async Task Less_than_the_least_deposit_is_never_named()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        using var client = deposits.Factory.ClientOfService("payments", "deposits:quote");

        var (_, body) = await DepositsHost.SendAsync(client, HttpMethod.Get, Path + "1");

        Assert.Equal("0.5", body.GetProperty("amount").GetRawText());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("")]
    public async Task A_sum_that_is_none_is_400(string credit)
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        using var client = deposits.Factory.ClientOfService("payments", "deposits:quote");

        Assert.Equal(HttpStatusCode.BadRequest, (await DepositsHost.SendAsync(client, HttpMethod.Get, Path + credit)).Status);
    }

    [Fact]
    public async Task Only_the_scope_for_it_gets_a_quote()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        using var other = deposits.Factory.ClientOfService("payments", "ledger:debit");
        using var merchant = deposits.Client();

        Assert.Equal(HttpStatusCode.Forbidden, (await DepositsHost.SendAsync(other, HttpMethod.Get, Path + "1")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await DepositsHost.SendAsync(merchant, HttpMethod.Get, Path + "1")).Status);
    }
}
