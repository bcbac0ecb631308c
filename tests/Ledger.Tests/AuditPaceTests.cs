using ArdorQr.Ledger.Features;
using Microsoft.Extensions.Time.Testing;

namespace ArdorQr.Ledger.Tests;

public sealed class AuditPaceTests
{
    private static readonly TimeSpan Worked = TimeSpan.FromMilliseconds(100);
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0, 900)] // Its tenth.
    [InlineData(60, 900)]
    [InlineData(150, 300)] // A quarter.
    [InlineData(300, 100)]
    [InlineData(600, 0)]
    [InlineData(6_000, 0)]
    public void The_further_behind_the_shorter_is_the_rest(int secondsBehind, int milliseconds) =>
        Assert.Equal(milliseconds,
            AuditPace.Shared(10, _time).RestAfter(Worked, TimeSpan.FromSeconds(secondsBehind)).TotalMilliseconds, 6);

    [Fact]
    public void A_clock_that_went_back_makes_no_rest_longer_than_its_share() =>
        Assert.Equal(900, AuditPace.Shared(10, _time).RestAfter(Worked, TimeSpan.FromSeconds(-5)).TotalMilliseconds, 6);

    [Fact]
    public void An_answer_is_worked_at_without_rest_and_for_its_time_only()
    {
        var pace = AuditPace.Full(TimeSpan.FromSeconds(20), _time);

        Assert.Equal(TimeSpan.Zero, pace.RestAfter(Worked, TimeSpan.Zero));
        Assert.True(pace.GoesOn);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.False(pace.GoesOn);
    }

    [Fact]
    public async Task A_rest_ends_when_it_is_over()
    {
        var rest = AuditPace.Shared(50, _time).RestAsync(Worked, TimeSpan.Zero, CancellationToken.None);
        _time.Advance(Worked - TimeSpan.FromMilliseconds(1));
        Assert.False(rest.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        await rest;
    }
}
