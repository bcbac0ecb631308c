using ArdorQr.Gateway.Features;
using ArdorQr.Gateway.Features.Operators;

namespace ArdorQr.Gateway.Tests;

public sealed class SettingsTests
{
    [Fact]
    public void Each_missing_or_weak_setting_is_named()
    {
        var gateway = new GatewayOptionsValidator().Validate(null, new GatewayOptions());
        var unsafeOperator = new OperatorOptionsValidator().Validate(null, new OperatorOptions { Token = "short" });

        Assert.Contains("OperatorPort", Assert.Single(gateway.Failures!), StringComparison.Ordinal);
        Assert.Contains("Token", Assert.Single(unsafeOperator.Failures!), StringComparison.Ordinal);
        Assert.True(new GatewayOptionsValidator().Validate(null, new GatewayOptions { OperatorPort = 8081 }).Succeeded);
        Assert.True(new OperatorOptionsValidator().Validate(null, new OperatorOptions { Token = "sixteen letters!" }).Succeeded);
    }
}
