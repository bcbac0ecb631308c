using ArdorQr.Chaos.Check;

namespace ArdorQr.Chaos.Tests;

/// <summary>What the checker must make of some evidence: breaches of these kinds, and of no other.</summary>
internal static class Breaches
{
    public static void AssertFound(string kind, Evidence evidence, params string[] others)
    {
        var findings = Checker.Check(evidence);

        Assert.Equal(((string[])[kind, .. others]).Order(), findings.Kinds.Order());
    }

    public static void AssertNone(Evidence evidence)
    {
        var findings = Checker.Check(evidence);

        Assert.True(findings.IsProven, string.Join(Environment.NewLine, findings.Lines()));
    }
}
