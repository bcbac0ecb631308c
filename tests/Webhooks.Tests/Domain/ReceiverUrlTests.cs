using ArdorQr.Contracts;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Tests.Domain;

public sealed class ReceiverUrlTests
{
    [Theory]
    [InlineData("https://example.ru/hooks?a=b")]
    [InlineData("https://example.ru:8443")]
    [InlineData("https://пример.рф/хук")]
    [InlineData("https://8.8.8.8/")]
    [InlineData("https://[2606:4700:4700::1111]/")]
    public void A_public_https_url_is_accepted_in_both_modes(string url)
    {
        Assert.IsType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge(url, Mode.Live, allowLoopback: false));
        Assert.IsType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge(url, Mode.Test, allowLoopback: false));
    }

    [Fact]
    public void Plain_http_is_accepted_in_test_mode_only()
    {
        Assert.IsType<ReceiverUrl.Verdict.Invalid>(
            ReceiverUrl.Judge("http://example.ru/", Mode.Live, allowLoopback: false));
        Assert.IsType<ReceiverUrl.Verdict.Accepted>(
            ReceiverUrl.Judge("http://example.ru/", Mode.Test, allowLoopback: false));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example.ru/hooks")]
    [InlineData("/hooks")]
    [InlineData("ftp://example.ru/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://")]
    [InlineData("https:///hooks")]
    [InlineData("https://user:password@example.ru/")]
    [InlineData("https://user@example.ru/")]
    [InlineData("https://@example.ru/")]
    [InlineData("https://example.ru/#part")]
    [InlineData("https://example.ru:0/")]
    [InlineData("https://example.ru:65536/")]
    [InlineData(" https://example.ru/")]
    [InlineData("https://example.ru/\n")]
    [InlineData("https://exam ple.ru/")]
    [InlineData("https:\\\\example.ru\\")]
    public void What_is_no_full_url_or_carries_credentials_is_invalid(string url) =>
        Assert.IsType<ReceiverUrl.Verdict.Invalid>(ReceiverUrl.Judge(url, Mode.Test, allowLoopback: true));

    [Fact]
    public void A_url_longer_than_its_limit_is_invalid()
    {
        const string start = "https://example.ru/";
        var longest = start + new string('a', ReceiverUrl.MaxLength - start.Length);
        Assert.IsType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge(longest, Mode.Live, allowLoopback: false));
        Assert.IsType<ReceiverUrl.Verdict.Invalid>(ReceiverUrl.Judge(longest + "a", Mode.Live, allowLoopback: false));
    }

    [Theory]
    [InlineData("http://127.0.0.2:5000/")]
    [InlineData("http://127.1:5000/")]
    [InlineData("http://2130706433:5000/")]
    [InlineData("http://0x7f000001:5000/")]
    [InlineData("http://0x7f.0.0.1:5000/")]
    [InlineData("http://0177.0.0.1:5000/")]
    [InlineData("http://0:5000/")]
    [InlineData("http://0.0.0.0:5000/")]
    [InlineData("http://[::1]:5000/")]
    [InlineData("http://[::ffff:127.0.0.1]:5000/")]
    [InlineData("http://[::ffff:7f00:1]:5000/")]
    [InlineData("http://LOCALHOST:5000/")]
    [InlineData("http://localhost.:5000/")]
    [InlineData("http://merchant.localhost:5000/")]
    [InlineData("http://localhost/")] // No port.
    [InlineData("https://localhost:5000/")]
    [InlineData("HTTP://127.0.0.1:5000/")]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://127.0.0.1:05000/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://10.0.0.1/")]
    [InlineData("http://[fd00:ec2::254]/")]
    public void Only_the_exact_spellings_of_this_machine_are_an_exception(string url)
    {
        Assert.IsNotType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge(url, Mode.Test, allowLoopback: true));
        Assert.IsNotType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge(url, Mode.Test, allowLoopback: false));
    }

    [Theory]
    [InlineData("http://127.0.0.1:5000")]
    [InlineData("http://127.0.0.1:5000/hooks?a=b")]
    [InlineData("http://localhost:5000/")]
    [InlineData("http://localhost:80?a=b")]
    public void The_exception_holds_in_test_mode_with_the_setting_only(string url)
    {
        var accepted = Assert.IsType<ReceiverUrl.Verdict.Accepted>(
            ReceiverUrl.Judge(url, Mode.Test, allowLoopback: true));
        Assert.True(accepted.Url.IsOnThisMachine);
        Assert.IsType<ReceiverUrl.Verdict.Forbidden>(ReceiverUrl.Judge(url, Mode.Test, allowLoopback: false));
        Assert.IsNotType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge(url, Mode.Live, allowLoopback: true));
    }

    [Theory]
    [InlineData("https://ledger/")]
    [InlineData("https://ledger.:8443/")]
    [InlineData("https://ledger.ardorqr.svc.cluster.local/")]
    [InlineData("https://vault.INTERNAL/")]
    [InlineData("https://printer.local./")]
    [InlineData("https://router.home.arpa/")]
    [InlineData("https://nas.lan/")]
    [InlineData("https://host.localdomain/")]
    public void A_name_that_only_an_inner_network_knows_is_refused_whether_it_is_there_or_not(string url) =>
        Assert.IsType<ReceiverUrl.Verdict.Forbidden>(ReceiverUrl.Judge(url, Mode.Live, allowLoopback: true));

    [Theory]
    [InlineData("https://internal.example.ru/")]
    [InlineData("https://local.ru/")]
    [InlineData("https://xlan.xn--p1ai/")]
    public void A_name_is_inner_by_its_end_only(string url) =>
        Assert.IsType<ReceiverUrl.Verdict.Accepted>(ReceiverUrl.Judge(url, Mode.Live, allowLoopback: false));
}
