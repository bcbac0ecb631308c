using ArdorQr.Settings;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>The page of settings against the sources.</summary>
public sealed class SettingsTests
{
    private static readonly string[] Projects =
    [
        "ServiceDefaults", "Gateway", "Services/Ledger", "Services/Deposits", "Services/Payments", "Services/Webhooks",
        "Services/Sandbox",
    ];

    private static readonly string[] SecretNames = ["Token", "Secret", "SigningKey", "ApiKey", "EncryptionKey"];

    [Fact]
    public void The_page_is_what_the_sources_say() =>
        Assert.Equal(SettingsTable.Write(Repository.Root), File.ReadAllText(Path.Combine(Repository.Root, SettingsTable.Page)));

    [Fact]
    public void Every_setting_says_what_it_means_and_every_secret_says_that_it_is_one()
    {
        var settings = Projects.SelectMany(project => SettingsReader.Read(Path.Combine(Repository.Root, project))).ToList();

        Assert.True(settings.Count > 100, $"only {settings.Count} settings were read");
        Assert.DoesNotContain(settings, setting => setting.Meaning.Length == 0);
        Assert.All(settings.Where(setting => SecretNames.Any(name => LastOf(setting).EndsWith(name, StringComparison.Ordinal))),
            setting => Assert.True(setting.IsSecret, setting.Name));
    }

    /// <summary>The page is made of the classes with a <c>Section</c>.</summary>
    [Fact]
    public void All_that_is_bound_is_bound_by_a_class_with_a_section()
    {
        var bindings = Projects.SelectMany(Sources).SelectMany(File.ReadLines)
            .Where(line => line.Contains("BindConfiguration(", StringComparison.Ordinal)).ToList();

        Assert.True(bindings.Count >= 9, $"only {bindings.Count} bindings were found");
        Assert.All(bindings, line => Assert.Contains(".Section)", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("`Operator:Token` | text | ", "| yes | yes |")]
    [InlineData("`Payments:LifetimeSeconds` | whole number | 1 to 86400 | `600` |", "| no | no |")]
    [InlineData("`Deposits:Worlds:Live:PublicKey` | text |", "| where there is a `Deposits:Worlds:Live` | no |")]
    [InlineData("`Identity:Trusted:0:KeyId` | text |", "| yes | no |")]
    public void Ranges_defaults_needs_and_secrets_are_read(string begin, string contained)
    {
        var row = File.ReadLines(Path.Combine(Repository.Root, SettingsTable.Page))
            .Single(line => line.StartsWith("| " + begin, StringComparison.Ordinal));

        Assert.Contains(contained, row, StringComparison.Ordinal);
    }

    private static string LastOf(Setting setting) => setting.Name.Split(':').Last(part => part != "0").TrimEnd('s');

    private static IEnumerable<string> Sources(string project) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, project), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));
}
