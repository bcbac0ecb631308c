using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Tests;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(GatewayFixture))]

namespace ArdorQr.Gateway.Tests;

/// <summary>One gateway with stubs of the services behind it; every test registers merchants of its own.</summary>
public sealed class GatewayFixture : IAsyncLifetime
{
    internal TestDatabase Database { get; private set; } = null!;

    internal StubService Ledger { get; private set; } = null!;

    internal StubService Payments { get; private set; } = null!;

    internal StubService Webhooks { get; private set; } = null!;

    internal TestGateway Gateway { get; private set; } = null!;

    /// <summary>Where the stubs are; Sandbox is known and nothing listens there, Deposits isn't known at all.</summary>
    internal Dictionary<string, string?> Settings { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        Database = await TestDatabase.CreateAsync(typeof(Program).Assembly, CancellationToken.None);
        Ledger = await StubService.StartAsync("ledger", CancellationToken.None);
        Payments = await StubService.StartAsync("payments", CancellationToken.None);
        Webhooks = await StubService.StartAsync("webhooks", CancellationToken.None);
        Settings = new Dictionary<string, string?>
        {
            ["services:ledger:http:0"] = Ledger.Address,
            ["services:payments:http:0"] = Payments.Address,
            ["services:webhooks:http:0"] = Webhooks.Address,
            ["services:sandbox:http:0"] = StubService.DeadAddress(),
        };
        Gateway = TestGateway.Start(Database, Settings);
    }

    /// <summary>Completes when this gateway has seen all that is committed now.</summary>
    internal async Task ReachedAsync(TestGateway gateway, CancellationToken cancellationToken)
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT version FROM gateway.change";
        var version = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        await gateway.Services.GetRequiredService<ChangeWatch>().ReachedAsync(version, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Ledger.DisposeAsync();
        await Payments.DisposeAsync();
        await Webhooks.DisposeAsync();
        await Database.DisposeAsync();
    }
}
