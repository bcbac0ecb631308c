using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ArdorQr.Deposits.Tests;

public sealed class SettingsTests
{
    private const string Test = "Deposits:Worlds:Test";
    private const string Live = "Deposits:Worlds:Live";

    [Fact]
    public void The_settings_of_both_worlds_are_accepted() =>
        Assert.Empty(Faults(ApiTests.SetUpLive));

    [Fact]
    public void No_world_at_all_is_no_fault() =>
        Assert.Empty(Faults(settings => settings.Clear()));

    [Fact]
    public void All_that_is_missing_is_named_at_once()
    {
        var faults = string.Join('\n', Faults(settings =>
        {
            settings.Clear();
            settings[$"{Test}:FeeBps"] = "150";
        }));

        foreach (var name in new[] { "PublicKey", "NetworkGlobalId", "ChainUrl", "JettonMaster", "RateSources" })
        {
            Assert.Contains(name, faults, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData($"{Live}:NetworkGlobalId", "-3")]
    [InlineData($"{Live}:FaucetUrl", "http://faucet.example")]
    [InlineData($"{Live}:PublicKey", "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A")]
    [InlineData($"{Live}:MinRateSources", "1")]
    [InlineData($"{Live}:RateSources:0:Kind", "sandbox")]
    [InlineData($"{Live}:MaxCreditUsdt", null)]
    [InlineData($"{Live}:MaxCreditPerHourUsdt", null)]
    [InlineData($"{Live}:MaxRateStepBps", null)]
    [InlineData($"{Live}:ReferenceRateUrl", null)]
    [InlineData($"{Live}:SecondChainUrl", "http://mainnet.example")]
    [InlineData($"{Test}:BlockedSourcesFile", "/nowhere/blocked.txt")]
    [InlineData($"{Live}:ChainUrl", OutsideWorld.ChainUrl)]
    [InlineData($"{Live}:PublicKey", "1111111111111111111111111111111111111111111111111111111111111111")]
    [InlineData($"{Test}:NetworkGlobalId", "-239")]
    [InlineData($"{Test}:RateSources:0:Kind", "rapira")]
    [InlineData($"{Test}:RateSources:0:Kind", "guess")]
    [InlineData($"{Test}:PublicKey", "12")]
    [InlineData($"{Test}:JettonMaster", "0:12")]
    [InlineData($"{Test}:MinRateAbsolute", "251")]
    [InlineData($"{Test}:MinRateSources", "2")]
    [InlineData($"{Test}:FaucetToken", "")]
    [InlineData($"{Test}:FeeBps", "10000")]
    public void What_may_not_be_is_refused(string name, string? value) =>
        Assert.NotEmpty(Faults(settings =>
        {
            ApiTests.SetUpLive(settings);
            settings[name] = value;
        }));

    [Fact]
    public void A_mode_without_a_world_names_what_it_would_need_and_that_is_all_it_needs()
    {
        var needed = WorldsOptions.NeededIn(Contracts.Mode.Live).ToList();
        var faults = string.Join('\n', Faults(settings =>
        {
            settings.Clear();
            settings[$"{Live}:FeeBps"] = "150";
        }));

        Assert.Contains($"{Live}:MaxCreditUsdt", needed);
        Assert.All(needed, name => Assert.Contains(name.Split(':')[^1], faults, StringComparison.Ordinal));
        Assert.Empty(Faults(settings =>
        {
            ApiTests.SetUpLive(settings);
            foreach (var name in settings.Keys.Where(key => key.StartsWith(Live, StringComparison.Ordinal)
                && !needed.Any(needs => key.StartsWith(needs, StringComparison.Ordinal))).ToList())
            {
                settings.Remove(name);
            }
        }));
    }

    private static List<string> Faults(Action<Dictionary<string, string?>> change)
    {
        var settings = DepositsHost.Settings;
        change(settings);
        var options = new ConfigurationBuilder().AddInMemoryCollection(settings).Build().GetSection(WorldsOptions.Section).Get<WorldsOptions>()
            ?? new WorldsOptions();
        IValidateOptions<WorldsOptions>[] validators = [new WorldsOptionsValidator(), new WorldsOptionsRules()];
        return [.. validators.SelectMany(validator => validator.Validate(null, options).Failures ?? [])];
    }
}
