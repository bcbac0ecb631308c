using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>A process with one side's outbox in it, told by HTTP what to commit.</summary>
internal static class BenchSender
{
    public const string Command = "serve-messaging-sender";
    public const string Ours = "ours";
    public const string Raw = "raw";
    public const string Wolverine = "wolverine";

    public static async Task RunAsync(string side, string port)
    {
        var (database, broker) = (Required(SenderProcess.DatabaseVariable), Required(SenderProcess.BrokerVariable));
        await using BenchOutbox outbox = side switch
        {
            Ours => new OurOutbox(database, broker),
            Raw => new RawOutbox(database, broker),
            Wolverine => new WolverineOutbox(database, broker),
            _ => throw new ArgumentOutOfRangeException(nameof(side), side, "There is no such side."),
        };
        await outbox.StartAsync(CancellationToken.None);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.MapGet("/rows", (CancellationToken cancelled) => outbox.RowsAsync(cancelled));
        app.MapPost("/leave", (int count, CancellationToken cancelled) => outbox.LeaveAsync(count, cancelled));
        app.MapPost("/burst", (int count, CancellationToken cancelled) =>
            outbox.CommitAsync([.. Enumerable.Range(0, count).Select(_ => BenchMessage.New())], cancelled));
        app.MapPost("/single", (int count, int perSecond, CancellationToken cancelled) =>
            outbox.CommitSingleAsync(count, perSecond, cancelled));
        app.MapPost("/writers", (int writers, int seconds, CancellationToken cancelled) =>
            outbox.CommitSideBySideAsync(writers, seconds, cancelled));
        await app.RunAsync();
    }

    private static string Required(string variable) =>
        Environment.GetEnvironmentVariable(variable) ?? throw new InvalidOperationException($"{variable} is not set.");
}
