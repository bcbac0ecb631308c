using System.Text.RegularExpressions;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>The page on security against what it names.</summary>
public sealed partial class SecurityPageTests
{
    private const int FewestTests = 30;

    [Fact]
    public void Every_test_that_the_page_names_exists()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs/security.md"));
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText).ToList();
        var named = TestName().Matches(page).Select(match => match.Groups[1].Value).ToList();

        Assert.True(named.Count >= FewestTests, $"only {named.Count} tests are named");
        Assert.All(named, name => Assert.True(sources.Any(text => text.Contains($" {name}(", StringComparison.Ordinal)), name));
    }

    [GeneratedRegex("`([A-Z][a-z0-9]*(?:_[A-Za-z0-9]+){2,})`")]
    private static partial Regex TestName();
}
