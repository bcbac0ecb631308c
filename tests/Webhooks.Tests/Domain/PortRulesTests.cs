using ArdorQr.Contracts;
using ArdorQr.Webhooks.Domain;
using Microsoft.Extensions.Hosting.Internal;

namespace ArdorQr.Webhooks.Tests.Domain;

public sealed class PortRulesTests
{
    [Theory]
    [InlineData("https://example.ru/", true)]
    [InlineData("http://example.ru/", true)]
    [InlineData("https://example.ru:8443/", true)]
    [InlineData("https://example.ru:65535/", true)]
    [InlineData("https://example.ru:22/", false)]
    [InlineData("https://example.ru:25/", false)]
    [InlineData("https://8.8.8.8:53/", false)]
    [InlineData("https://example.ru:1023/", false)]
    public void Others_are_called_at_ports_of_the_web_and_of_no_privilege(string url, bool isAccepted) =>
        Assert.Equal(
            isAccepted, ReceiverUrl.Judge(url, Mode.Test, allowLoopback: true) is ReceiverUrl.Verdict.Accepted);

    [Fact]
    public void The_setting_decides_and_leaves_developments_exception_alone()
    {
        var ports = PortRules.TryParse("443, 9000-9001")!;

        Assert.IsType<ReceiverUrl.Verdict.Accepted>(
            ReceiverUrl.Judge("https://example.ru:9001/", Mode.Live, false, ports));
        Assert.IsType<ReceiverUrl.Verdict.Forbidden>(
            ReceiverUrl.Judge("https://example.ru:9002/", Mode.Live, false, ports));
        Assert.IsType<ReceiverUrl.Verdict.Forbidden>(ReceiverUrl.Judge("http://example.ru/", Mode.Test, false, ports));
        Assert.IsType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge("http://127.0.0.1:81/", Mode.Test, true, ports));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("443;80", false)]
    [InlineData("0", false)]
    [InlineData("65536", false)]
    [InlineData("90-80", false)]
    [InlineData("80,", false)]
    [InlineData("-80", false)]
    [InlineData("80-90-100", false)]
    [InlineData("443", true)]
    public void A_setting_that_cannot_be_read_stops_the_start(string text, bool starts)
    {
        var options = new WebhooksOptions { EncryptionKey = WebhooksHost.EncryptionKey, AllowedPorts = text };
        var rules = new WebhooksOptionsRules(new HostingEnvironment { EnvironmentName = "Production" });

        Assert.Equal(starts, rules.Validate(null, options).Succeeded);
    }
}
