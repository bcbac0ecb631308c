using ArdorQr.Deposits.Domain;

namespace ArdorQr.Deposits.Tests;

public sealed class RateRuleTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 19, 12, 0, 0, TimeSpan.Zero);
    private static readonly RateRule Rule = new(Rate(40), Rate(250), MinSources: 1, IsSandbox: false);

    [Theory]
    [InlineData(new[] { 92.5 }, "92.5")]
    [InlineData(new[] { 92.5, 91 }, "91.75")]
    [InlineData(new[] { 300, 92.5, 91 }, "91.75")]
    [InlineData(new[] { 93, 92.5, 91 }, "92.5")]
    [InlineData(new[] { 92.000001, 92.000002 }, "92.000001")]
    public void The_rate_is_the_median_of_what_is_within_the_bounds(double[] bids, string expected) =>
        Assert.Equal(expected, Rule.Apply(bids.Select((bid, index) => Quote($"{index}", (decimal)bid)), Now)!.Rate.ToString());

    [Fact]
    public void The_bounds_themselves_count() =>
        Assert.Equal("145", Rule.Apply([Quote("low", 40), Quote("high", 250)], Now)!.Rate.ToString());

    [Theory]
    [InlineData(60, true)]
    [InlineData(61, false)]
    [InlineData(-10, true)]
    [InlineData(-11, false)]
    public void A_quote_counts_while_it_is_fresh(int ageSeconds, bool counts) =>
        Assert.Equal(counts, Rule.Apply([Quote("a", 92, ageSeconds)], Now) is not null);

    [Fact]
    public void The_rate_is_as_old_as_its_oldest_quote() =>
        Assert.Equal(Now.AddSeconds(-30), Rule.Apply([Quote("a", 92, 30), Quote("b", 92, 5), Quote("c", 92, 70)], Now)!.At);

    [Fact]
    public void Too_few_valid_quotes_give_no_rate()
    {
        var two = Rule with { MinSources = 2 };

        Assert.Null(two.Apply([Quote("a", 92)], Now));
        Assert.Null(two.Apply([Quote("a", 92), Quote("b", 39.99m)], Now));
        Assert.NotNull(two.Apply([Quote("a", 92), Quote("b", 92)], Now));
        Assert.Null(Rule.Apply([], Now));
    }

    [Fact]
    public void A_sandboxs_quote_never_counts_in_a_real_world_nor_a_real_one_in_a_sandbox()
    {
        var sandbox = Rule with { IsSandbox = true };
        var (real, fake) = (Quote("a", 92), Quote("b", 92) with { IsSandbox = true });

        Assert.Null(Rule.Apply([fake], Now));
        Assert.Null(sandbox.Apply([real], Now));
        Assert.NotNull(sandbox.Apply([fake], Now));
    }

    private static RateQuote Quote(string source, decimal bid, int ageSeconds = 0) =>
        new(source, Rate(bid), Now.AddSeconds(-ageSeconds), IsSandbox: false);

    private static UsdtRate Rate(decimal roubles) =>
        UsdtRate.TryFromDecimal(roubles, out var rate) ? rate : throw new ArgumentOutOfRangeException(nameof(roubles));
}
