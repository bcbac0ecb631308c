using System.Diagnostics;
using ArdorQr.Contracts.Events;
using JasperFx.CodeGeneration;
using JasperFx.Resources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Wolverine;
using Wolverine.Postgresql;
using Wolverine.RabbitMQ;
using Wolverine.RDBMS;
using Wolverine.Runtime;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>
/// Wolverine's durable outbox in PostgreSQL over its RabbitMQ transport with publisher confirms, as its documentation
/// sets them up.
/// </summary>
internal sealed class WolverineOutbox : BenchOutbox
{
    public const string Exchange = "bench.wolverine";
    public const string Settings =
        "PersistMessagesWithPostgresql, Solo, UseDurableOutbox, PublisherConfirmationsEnabled and -TrackingEnabled, else its defaults";

    public static string Version { get; } = typeof(WolverineOptions).Assembly.GetName().Version!.ToString(3);

    private const string Schema = "wolverine";

    private readonly IHost _host;
    private readonly NpgsqlDataSource _dataSource;

    public WolverineOutbox(string database, string broker)
    {
        _dataSource = NpgsqlDataSource.Create(database);
        _host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Warning))
            .UseWolverine(options =>
            {
                options.Discovery.DisableConventionalDiscovery();
                options.CodeGeneration.TypeLoadMode = TypeLoadMode.Static; // Nothing is handled here, so nothing is generated.
                options.Durability.Mode = DurabilityMode.Solo;
                options.PersistMessagesWithPostgresql(database, Schema);
                options.UseRabbitMq(new Uri(broker))
                    .UseSenderConnectionOnly()
                    .DisableSystemRequestReplyQueueDeclaration()
                    .ConfigureChannelCreation(channel =>
                    {
                        channel.PublisherConfirmationsEnabled = true;
                        channel.PublisherConfirmationTrackingEnabled = true;
                    });
                options.PublishMessage<PaymentCompleted>().ToRabbitExchange(Exchange, exchange =>
                    exchange.ExchangeType = Wolverine.RabbitMQ.ExchangeType.Fanout).UseDurableOutbox();
                options.Services.AddResourceSetupOnStartup();
            })
            .Build();
    }

    public override Task StartAsync(CancellationToken cancellationToken) => _host.StartAsync(cancellationToken);

    public override async Task<long> CommitAsync(IReadOnlyList<PaymentCompleted> messages, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var context = new MessageContext(_host.Services.GetRequiredService<IWolverineRuntime>());
        await context.EnlistInOutboxAsync(new DatabaseEnvelopeTransaction((IMessageDatabase)context.Storage, transaction));
        foreach (var message in messages)
        {
            await context.PublishAsync(message);
        }

        await transaction.CommitAsync(cancellationToken);
        var committed = Stopwatch.GetTimestamp();
        await context.FlushOutgoingMessagesAsync();
        return committed;
    }

    /// <summary>From its memory, its fastest way: rows of another process it reads back 100 in 5 s.</summary>
    public override Task LeaveAsync(int count, CancellationToken cancellationToken) =>
        CommitAsync([.. Enumerable.Range(0, count).Select(_ => BenchMessage.New())], cancellationToken);

    public override async Task<long> RowsAsync(CancellationToken cancellationToken)
    {
        await using var count = _dataSource.CreateCommand($"SELECT count(*) FROM {Schema}.wolverine_outgoing_envelopes");
        return (long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }

    public override async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _dataSource.DisposeAsync();
    }
}
