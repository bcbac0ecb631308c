using System.Diagnostics;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>Our outbox as every service has it: <c>AddMessaging</c>, its dispatcher and its relay.</summary>
internal sealed class OurOutbox : BenchOutbox
{
    private const string Service = "ledger"; // Any service's name: it is only where the connection string is found.

    private readonly WebApplication _service;
    private readonly ServiceDatabase _gone;

    public OurOutbox(string database, string broker)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [$"ConnectionStrings:{Service}"] = database,
            ["ConnectionStrings:broker"] = broker,
            ["Urls"] = "http://127.0.0.1:0",
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new Connections(Service, builder.Configuration));
        builder.Services.AddSingleton<FaultHook>();
        builder.Services.AddSingleton(NpgsqlDataSource.Create(database));
        builder.Services.AddSingleton<ServiceDatabase>();
        builder.AddMessaging(_ => { });
        _service = builder.Build();
        _gone = new ServiceDatabase(_service.Services.GetRequiredService<NpgsqlDataSource>(), new OutboxSignal());
    }

    private ServiceDatabase Database => _service.Services.GetRequiredService<ServiceDatabase>();

    public override Task StartAsync(CancellationToken cancellationToken) => _service.StartAsync(cancellationToken);

    public override Task<long> CommitAsync(IReadOnlyList<PaymentCompleted> messages, CancellationToken cancellationToken) =>
        CommitAsync(Database, messages, cancellationToken);

    /// <summary>
    /// Nobody holds the memory of this transaction: the relay reads its rows back when their lease ends.
    /// </summary>
    public override Task LeaveAsync(int count, CancellationToken cancellationToken) =>
        CommitAsync(_gone, [.. Enumerable.Range(0, count).Select(_ => BenchMessage.New())], cancellationToken);

    public override async Task<long> RowsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await Database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<long>("SELECT count(*) FROM messaging.outbox", null, cancellationToken);
    }

    public override ValueTask DisposeAsync() => _service.DisposeAsync();

    private static async Task<long> CommitAsync(
        ServiceDatabase database, IReadOnlyList<PaymentCompleted> messages, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        foreach (var message in messages)
        {
            transaction.Enqueue(message);
        }

        await transaction.CommitAsync(cancellationToken);
        return Stopwatch.GetTimestamp();
    }
}
