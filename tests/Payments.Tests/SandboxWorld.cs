extern alias sandbox;

using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using sandbox::ArdorQr.Sandbox;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>The real Sandbox in this process, on a database of its own: its rail is Payments', its callbacks come here.</summary>
internal sealed class SandboxWorld : IAsyncDisposable
{
    private const string CallbackClient = "rail-callbacks";

    private readonly TestDatabase _database;
    private readonly ServiceFactory<SandboxOptions> _sandbox;
    private readonly Forwarder _callbacks = new();

    private SandboxWorld(TestDatabase database)
    {
        _database = database;
        _sandbox = new ServiceFactory<SandboxOptions>("sandbox", database, new Dictionary<string, string?>
        {
            ["Sandbox:RailToken"] = "rail-token",
            ["Sandbox:FaucetToken"] = "faucet-token",
            ["Sandbox:CallbackSecret"] = CallbackSecret,
            ["Sandbox:CallbackUrl"] = "http://payments.test/rail/callbacks/sandbox",
        }, services => services.AddHttpClient(CallbackClient).ConfigurePrimaryHttpMessageHandler(() => _callbacks));
    }

    /// <summary>Payments with its jobs, in this world.</summary>
    public static async Task<(SandboxWorld World, PaymentsHarness Payments)> StartAsync(Dictionary<string, string?> settings)
    {
        var database = await TestDatabase.CreateAsync(typeof(SandboxOptions).Assembly, Token);
        var world = new SandboxWorld(database);
        var payments = await PaymentsHarness.StartAsync(
            settings, runJobs: true, before: harness => harness.OtherRail = world._sandbox.Server.CreateHandler());
        world._callbacks.Target = new HttpMessageInvoker(payments.CreateHandler());
        return (world, payments);
    }

    /// <summary>A fresh code, as a merchant with a test key gets it.</summary>
    public async Task<string> FreshQrAsync(string kind, long amountMinor)
    {
        using var client = _sandbox.ClientOf(TestIdentity.Caller(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), Mode.Test));
        using var response = await client.PostAsJsonAsync("/v1/test/qr-codes", new { kind, amountMinor }, Token);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!["qr"]!.GetValue<string>();
    }

    public async ValueTask DisposeAsync()
    {
        await _sandbox.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>Leads to a server that is started later.</summary>
    private sealed class Forwarder : HttpMessageHandler
    {
        public HttpMessageInvoker? Target { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Target!.SendAsync(request, cancellationToken);
    }
}
