using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ArdorQr.Webhooks.Clients;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ArdorQr.Webhooks.Tests;

/// <summary>
/// Receivers that speak TLS: the test's resolver gives their names a public address, its sockets lead to this machine.
/// </summary>
public sealed class TlsTests : IDisposable
{
    private const string Host = "shop.example";
    private const string Url = $"https://{Host}/hooks";

    private readonly TestCertificates _certificates = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_receiver_that_speaks_http_2_gets_it()
    {
        await using var receiver = await Receiver.StartAsync(Token, _certificates.Issue(Host));
        await using var host = await StartAsync(receiver.Address.Port);
        await host.ConfigureAsync(Token, Url);
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        Assert.Equal("HTTP/2", (await receiver.NextAsync(Token)).Protocol);
        Assert.Equal("delivered", (await host.DeliveryAsync(Token)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_certificate_of_nobody_known_of_another_name_or_of_the_past_is_a_failed_attempt()
    {
        using var stranger = new TestCertificates();
        (X509Certificate2 Certificate, string Doctor)[] cases =
        [
            (stranger.Issue(Host), "tls failed, certificate_expiry ok"),
            (_certificates.Issue("other.example"), "tls failed, certificate_expiry ok"),
            (_certificates.Issue(Host, days: -1), "tls failed, certificate_expiry failed"),
        ];
        foreach (var (certificate, lines) in cases)
        {
            await using var receiver = await Receiver.StartAsync(Token, certificate);
            await using var host = await StartAsync(receiver.Address.Port);
            await host.ConfigureAsync(Token, Url);
            await host.OweAsync(Token);

            await host.DeliverDueAsync(Token);

            Assert.Equal("tls_failed", await ErrorAsync(host));
            Assert.Equal(0, receiver.Count);
            Assert.StartsWith($"dns ok, connection ok, {lines}, response failed",
                DoctorTests.Lines((await DoctorTests.DiagnoseAsync(host)).Answer), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_doctor_sees_a_good_certificate_and_one_that_ends_soon()
    {
        foreach (var (days, status) in new[] { (90, "ok"), (5, "warning") })
        {
            await using var receiver = await Receiver.StartAsync(Token, _certificates.Issue(Host, days));
            await using var host = await StartAsync(receiver.Address.Port);
            await host.ConfigureAsync(Token, Url);

            var (_, answer) = await DoctorTests.DiagnoseAsync(host);

            Assert.StartsWith(
                $"dns ok, connection ok, tls ok, certificate_expiry {status}, response ok", DoctorTests.Lines(answer),
                StringComparison.Ordinal);
        }
    }

    /// <summary>Else a merchant's certificate would make us call any address that it names.</summary>
    [Fact]
    public async Task Nothing_that_a_certificate_names_is_fetched()
    {
        await using var inside = await Receiver.StartAsync(Token);
        using var certificate = _certificates.IssueByIntermediate(Host, new Uri(inside.Address, "/intermediate.cer"));
        using var server = new BareTlsServer(certificate);
        await using var host = await StartAsync(server.Port);
        await host.ConfigureAsync(Token, Url);
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);
        var (_, answer) = await DoctorTests.DiagnoseAsync(host);

        Assert.Equal("tls_failed", await ErrorAsync(host));
        Assert.Contains("fullchain", answer.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(0, inside.Count);
    }

    [Fact]
    public async Task A_name_that_leads_elsewhere_with_each_look_up_is_never_connected_to_an_address_that_was_not_checked()
    {
        await using var receiver = await Receiver.StartAsync(Token, _certificates.Issue(Host));
        var (lookUps, connected) = (0, new List<IPAddress>());
        await using var host = await WebhooksHost.StartAsync(
            Token, settings: Settings(), services: services => services
                .Replace(ServiceDescriptor.Singleton<ResolveHost>((_, _) => Task.FromResult(
                    Interlocked.Increment(ref lookUps) % 2 == 1 ? new[] { IPAddress.Parse("8.8.8.8") }
                        : [IPAddress.Parse("169.254.169.254")])))
                .Replace(ServiceDescriptor.Singleton<OpenConnection>((address, token) =>
                {
                    connected.Add(address.Address);
                    return Sockets.ConnectAsync(new IPEndPoint(IPAddress.Loopback, receiver.Address.Port), token);
                })));
        await host.ConfigureAsync(Token, Url); // The first look-up; the second one leads inside.
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        Assert.Equal("address_forbidden", await ErrorAsync(host));
        Assert.Empty(connected);
        Assert.StartsWith(
            "dns ok", DoctorTests.Lines((await DoctorTests.DiagnoseAsync(host)).Answer), StringComparison.Ordinal);
        Assert.StartsWith(
            "dns failed", DoctorTests.Lines((await DoctorTests.DiagnoseAsync(host)).Answer), StringComparison.Ordinal);

        Assert.All(connected, address => Assert.Equal(IPAddress.Parse("8.8.8.8"), address));
    }

    [Fact]
    public async Task Of_several_addresses_the_first_that_answers_is_taken()
    {
        await using var receiver = await Receiver.StartAsync(Token, _certificates.Issue(Host));
        await using var host = await WebhooksHost.StartAsync(
            Token, settings: Settings(), services: services => services
                .Replace(ServiceDescriptor.Singleton<ResolveHost>((_, _) => Task.FromResult<IPAddress[]>(
                    [IPAddress.Parse("2a02:6b8::1"), IPAddress.Parse("8.8.8.8")])))
                .Replace(ServiceDescriptor.Singleton<OpenConnection>(
                    (address, token) => address.AddressFamily == AddressFamily.InterNetwork
                    ? Sockets.ConnectAsync(new IPEndPoint(IPAddress.Loopback, receiver.Address.Port), token)
                    : throw new SocketException((int)SocketError.NetworkUnreachable))));
        await host.ConfigureAsync(Token, Url);
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        Assert.Equal(1, receiver.Count);
    }

    private static async Task<string?> ErrorAsync(WebhooksHost host) =>
        (await host.DeliveryAsync(Token)).GetProperty("attempts")[0].GetProperty("error").GetString();

    private Task<WebhooksHost> StartAsync(int port) => WebhooksHost.StartAsync(
        Token, settings: Settings(), services: services => services
            .Replace(ServiceDescriptor.Singleton<ResolveHost>(
                (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("8.8.8.8")])))
            .Replace(ServiceDescriptor.Singleton<OpenConnection>(
                (_, token) => Sockets.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), token))));

    private Dictionary<string, string?> Settings() =>
        new() { ["Webhooks:AdditionalRootsFile"] = _certificates.RootFile };

    /// <summary>
    /// Shakes hands with its own certificate alone, and looks for no other one itself as Kestrel would.
    /// </summary>
    private sealed class BareTlsServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly SslStreamCertificateContext _certificate;

        public BareTlsServer(X509Certificate2 certificate)
        {
            _certificate = SslStreamCertificateContext.Create(certificate, null, offline: true);
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            while (true)
            {
                TcpClient client;
                try
                {
                    client = await _listener.AcceptTcpClientAsync(Token);
                }
                catch (Exception exception) when (
                    exception is SocketException or ObjectDisposedException or OperationCanceledException)
                {
                    return;
                }

                using (client)
                {
                    await using var secure = new SslStream(client.GetStream());
                    try
                    {
                        await secure.AuthenticateAsServerAsync(
                            new SslServerAuthenticationOptions { ServerCertificateContext = _certificate }, Token);
                        await secure.ReadExactlyAsync(new byte[1], Token);
                    }
                    catch (Exception exception) when (exception is IOException or AuthenticationException)
                    {
                        // Hung up on: as it should be.
                    }
                }
            }
        }
    }
}
