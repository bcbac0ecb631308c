using ArdorQr.FuzzTon;

namespace ArdorQr.Ton.Tests;

/// <summary>The short form of <c>tools/FuzzTon</c>.</summary>
public sealed class FuzzTests
{
    private const int Iterations = 40_000;

    [Fact]
    public void Mutations_are_read_or_refused_within_bounds_and_reach_every_refusal()
    {
        var result = Fuzzing.Run(Iterations, Command.DefaultSeed);

        Assert.Empty(result.Faults);
        Assert.All(Refusals.All, refusal => Assert.True(result.Coverage.ContainsKey(Fuzzing.RefusedPrefix + refusal), refusal));
        Assert.True(result.Coverage.ContainsKey("bag read: internal_transfer with a comment"));
    }
}
