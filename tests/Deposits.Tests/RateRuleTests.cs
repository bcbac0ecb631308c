using ArdorQr.Deposits.Domain;

namespace ArdorQr.Deposits.Tests;

public sealed class RateRuleTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 19, 12, 0, 0, TimeSpan.Zero);
    private static readonly RateGuards At = new(Now);
    private static readonly RateRule Rule = new(Rate(40), Rate(250), MinSources: 1, IsSandbox: false);

    [Theory]
    [InlineData(new[] { 92.5 }, "92.5")]
    [InlineData(new[] { 92.5, 91 }, "91.75")]
    [InlineData(new[] { 300, 92.5, 91 }, "91.75")]
    [InlineData(new[] { 93, 92.5, 91 }, "92.5")]
    [InlineData(new[] { 92.000001, 92.000002 }, "92.000001")]
    public void The_rate_is_the_median_of_what_is_within_the_bounds(double[] bids, string expected) =>
        Assert.Equal(expected, Rule.Apply(bids.Select((bid, index) => Quote($"{index}", (decimal)bid)), At)!.Rate.ToString());

    [Fact]
    public void The_bounds_themselves_count() =>
        Assert.Equal("145", Rule.Apply([Quote("low", 40), Quote("high", 250)], At)!.Rate.ToString());

    [Theory]
    [InlineData(60, true)]
    [InlineData(61, false)]
    [InlineData(-10, true)]
    [InlineData(-11, false)]
    public void A_quote_counts_while_it_is_fresh(int ageSeconds, bool counts) =>
        Assert.Equal(counts, Rule.Apply([Quote("a", 92, ageSeconds)], At) is not null);

    [Fact]
    public void The_rate_is_as_old_as_its_oldest_quote() =>
        Assert.Equal(Now.AddSeconds(-30), Rule.Apply([Quote("a", 92, 30), Quote("b", 92, 5), Quote("c", 92, 70)], At)!.At);

    [Fact]
    public void Too_few_valid_quotes_give_no_rate()
    {
        var two = Rule with { MinSources = 2 };

        Assert.Null(two.Apply([Quote("a", 92)], At));
        Assert.Null(two.Apply([Quote("a", 92), Quote("b", 39.99m)], At));
        Assert.NotNull(two.Apply([Quote("a", 92), Quote("b", 92)], At));
        Assert.Null(Rule.Apply([], At));
    }

    [Fact]
    public void A_sandboxs_quote_never_counts_in_a_real_world_nor_a_real_one_in_a_sandbox()
    {
        var sandbox = Rule with { IsSandbox = true };
        var (real, fake) = (Quote("a", 92), Quote("b", 92) with { IsSandbox = true });

        Assert.Null(Rule.Apply([fake], At));
        Assert.Null(sandbox.Apply([real], At));
        Assert.NotNull(sandbox.Apply([fake], At));
    }

    [Theory]
    [InlineData(92, 60, true)]
    [InlineData(96.6, 60, true)]
    [InlineData(96.61, 60, false)]
    [InlineData(87.39, 60, false)]
    [InlineData(96.61, 61, true)]
    public void A_quote_far_from_the_last_hours_rate_does_not_count(double bid, int minutesAgo, bool counts)
    {
        var rule = Rule with { MaxStepBps = 500 };

        Assert.Equal(counts, rule.Apply([Quote("a", (decimal)bid)], new(Now, Rate(92), Now.AddMinutes(-minutesAgo))) is not null);
        Assert.NotNull(rule.Apply([Quote("a", (decimal)bid)], At)); // The first one has nothing to be near.
    }

    [Theory]
    [InlineData(80, true)]
    [InlineData(92, true)]
    [InlineData(92.01, false)]
    [InlineData(67.99, false)]
    public void A_quote_far_from_the_central_banks_dollar_does_not_count(double bid, bool counts)
    {
        var rule = Rule with { MaxReferenceBps = 1_500 };

        Assert.Equal(counts, rule.Apply([Quote("a", (decimal)bid)], new(Now, Reference: Rate(80))) is not null);
    }

    [Fact]
    public void Without_the_reference_that_it_needs_a_world_has_no_rate() =>
        Assert.Null((Rule with { MaxReferenceBps = 1_500 }).Apply([Quote("a", 92)], At));

    [Fact]
    public void One_source_that_lies_does_not_move_the_median_nor_do_two_make_a_majority()
    {
        var rule = Rule with { MinSources = 2, MaxStepBps = 500 };
        var guards = new RateGuards(Now, Rate(92), Now);

        Assert.Equal("92.05", rule.Apply([Quote("a", 92), Quote("b", 92.1m), Quote("liar", 120)], guards)!.Rate.ToString());
        Assert.Null(rule.Apply([Quote("a", 92), Quote("liar", 120), Quote("liar 2", 121)], guards));
    }

    private static RateQuote Quote(string source, decimal bid, int ageSeconds = 0) =>
        new(source, Rate(bid), Now.AddSeconds(-ageSeconds), IsSandbox: false);

    private static UsdtRate Rate(decimal roubles) =>
        UsdtRate.TryFromDecimal(roubles, out var rate) ? rate : throw new ArgumentOutOfRangeException(nameof(roubles));
}
