namespace ArdorQr.Payments.Tests;

/// <summary>The wall between the worlds, as the settings are held to it at start.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("sandbox", "sandbox", "https://live.example/", "Live:Environment is a sandbox's")]
    [InlineData("production", "production", "https://live.example/", "Test:Environment is not a sandbox's")]
    [InlineData("production", "sandbox", "https://test.example/", "Live:Url is test's")]
    public void Worlds_that_share_a_rail_do_not_start(string live, string test, string liveUrl, string fault)
    {
        var result = new RailWorldsValidator().Validate(null, new PaymentsOptions
        {
            Rails = new RailsOptions { Live = Rail(live, liveUrl), Test = Rail(test, "https://test.example/") },
        });

        Assert.Contains(result.Failures!, failure => failure.Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Two_worlds_of_their_own_start()
    {
        var result = new RailWorldsValidator().Validate(null, new PaymentsOptions
        {
            Rails = new RailsOptions { Live = Rail("production", "https://live.example/"), Test = Rail("sandbox", "https://test.example/") },
        });

        Assert.True(result.Succeeded);
    }

    [Fact]
    public void A_rail_without_its_secrets_is_named()
    {
        var result = new PaymentsOptionsValidator().Validate(null, new PaymentsOptions { Rails = new RailsOptions { Test = new RailOptions() } });

        foreach (var setting in new[] { "Url", "Name", "Token", "CallbackSecret", "Environment" })
        {
            Assert.Contains(result.Failures!, failure => failure.Contains($"Test.{setting}", StringComparison.Ordinal));
        }
    }

    private static RailOptions Rail(string environment, string url) => new()
    {
        Url = new Uri(url),
        Name = "bank",
        Token = "token",
        CallbackSecret = "a-secret-of-sixteen-or-more",
        Environment = environment,
    };
}
