using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.Testing;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>A service made of nothing but the defaults, in this process, with the in-memory harness as its broker, if no other is given.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestDatabase _database;

    private TestService(WebApplication app, TestDatabase database) => (_app, _database) = (app, database);

    public HttpClient Client => _app.GetTestClient();

    public IServiceProvider Services => _app.Services;

    public ServiceDatabase Database => _app.Services.GetRequiredService<ServiceDatabase>();

    public TestDatabase TestDatabase => _database;

    public MassTransit.Testing.ITestHarness Harness => _app.Services.GetRequiredService<MassTransit.Testing.ITestHarness>();

    public static async Task<TestService> StartAsync(
        CancellationToken cancellationToken, Action<WebApplication>? map = null, Action<EventConsumers>? consumers = null,
        Action<IServiceCollection>? services = null, string? broker = null, Dictionary<string, string?>? settings = null)
    {
        var database = await TestDatabase.CreateAsync(typeof(ServiceDatabase).Assembly, cancellationToken);
        var builder = ServiceHost.CreateBuilder("ledger", ["--environment=Development"]);
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(TestIdentity.Settings("ledger"));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:ledger"] = database.ConnectionString,
            ["ConnectionStrings:broker"] = broker ?? "amqp://guest:guest@127.0.0.1:1/",
            ["Logging:LogLevel:Default"] = "Warning",
        });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddMessaging(consumers ?? (_ => { }));
        if (broker is null)
        {
            builder.Services.AddTestHarness();
        }

        services?.Invoke(builder.Services);
        var app = builder.BuildService(map ?? (_ => { }));
        await app.StartAsync(cancellationToken);
        return new TestService(app, database);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _database.DisposeAsync();
    }
}
