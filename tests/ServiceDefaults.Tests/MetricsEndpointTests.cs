using System.Net;
using System.Net.Sockets;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>What Prometheus fetches, with the settings of a container: only the port is given.</summary>
public sealed class MetricsEndpointTests : IAsyncLifetime
{
    private readonly int _port = FreePort();
    private readonly HttpClient _client = new();
    private WebApplication _app = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = ServiceHost.CreateBuilder(
            "ledger", ["--environment=Production", "--urls=http://127.0.0.1:0", $"--Telemetry:MetricsPort={_port}"]);
        builder.Configuration.AddInMemoryCollection(TestIdentity.Settings("ledger"));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:ledger"] = "Host=127.0.0.1;Port=1",
            ["Logging:LogLevel:Default"] = "Warning",
        });
        _app = builder.BuildService(_ => { });
        await _app.StartAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _client.Dispose();
    }

    [Theory]
    [InlineData("ledger")]
    [InlineData("10.1.2.3")]
    public async Task They_are_there_by_whatever_name_it_is_asked_for_them(string name)
    {
        using var answer = await AskAsync(_port, "/metrics", $"{name}:{_port}");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("dotnet_", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_port_serves_nothing_else_and_no_other_port_serves_them()
    {
        var own = new Uri(_app.Urls.Single(url => !url.EndsWith($":{_port}", StringComparison.Ordinal))).Port;

        using var elsewhere = await AskAsync(_port, "/health/live", "ledger");
        using var live = await AskAsync(own, "/health/live", "ledger");
        using var metrics = await AskAsync(own, "/metrics", "ledger");

        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, metrics.StatusCode);
    }

    private async Task<HttpResponseMessage> AskAsync(int port, string path, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}{path}");
        request.Headers.Host = name;
        return await _client.SendAsync(request, Token);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
