using System.Collections.Concurrent;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.Testing;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>What a service doesn't start with: all of it is named at once, and none of its secrets.</summary>
public sealed class StartRefusalTests
{
    private const int ConfigurationError = 78;
    private const string Password = "a-password;that=isnt;quoted";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_is_missing_is_named_at_once()
    {
        var (code, log) = await RunAsync([], []);

        Assert.Equal(ConfigurationError, code);
        AssertNamed(
            log, "ConnectionStrings:payments is missing", "ConnectionStrings:broker is missing", "Identity:SigningKey",
            "services:ledger:http:0 is missing");
    }

    [Fact]
    public async Task A_migration_names_all_that_it_lacks_too()
    {
        var (code, log) = await RunAsync(["migrate"], []);

        Assert.Equal(ConfigurationError, code);
        AssertNamed(
            log, "ConnectionStrings:payments is missing", "ConnectionStrings:payments-owner is missing",
            "ConnectionStrings:broker is missing");
    }

    [Fact]
    public async Task All_that_is_wrong_is_named_at_once_without_what_it_says()
    {
        var settings = TestIdentity.Settings("payments");
        settings["ConnectionStrings:payments"] = $"Host=db;Database=payments;Username=payments_app;Password={Password}";
        settings["ConnectionStrings:broker"] = $"https://{Password}@broker/";
        settings["services:ledger:http:0"] = "ledger";
        settings["Faults:Folder"] = "/tmp";

        var (code, log) = await RunAsync([], settings);

        Assert.Equal(ConfigurationError, code);
        AssertNamed(
            log, "ConnectionStrings:payments is no connection string", "ConnectionStrings:broker is no amqp",
            "services:ledger:http:0 is missing or no address", "Faults:Folder is a development setting");
        Assert.DoesNotContain("isnt", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_string_without_a_role_or_a_database_is_refused()
    {
        var settings = TestIdentity.Settings("payments");
        settings["ConnectionStrings:payments"] = "Host=db";

        var (_, log) = await RunAsync([], settings);

        AssertNamed(log, "ConnectionStrings:payments must name Host, Database and Username");
    }

    /// <summary>The tests' own server is quick and forgetful.</summary>
    [Fact]
    public async Task A_database_that_may_forget_is_refused_outside_of_development()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Connections).Assembly, Token);

        var (code, log) = await RunAsync([], Whole(database.ConnectionString));

        Assert.Equal(ConfigurationError, code);
        AssertNamed(log, "fsync off", "full_page_writes off", "synchronous_commit off");
    }

    [Fact]
    public async Task One_that_could_not_be_asked_at_the_start_is_refused_as_soon_as_it_answers()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Connections).Assembly, Token);
        await using var owner = new NpgsqlConnection(database.OwnerConnectionString);
        await owner.OpenAsync(Token);
        await LimitAsync(0);

        var started = new TaskCompletionSource();
        var running = RunAsync([], Whole(database.ConnectionString), started);
        await Task.WhenAny(started.Task, running).WaitAsync(Token);
        await LimitAsync(-1);
        var (code, log) = await running;

        Assert.Equal(ConfigurationError, code);
        AssertNamed(log, "can't be judged yet", "The database is refused", "fsync off");

        async Task LimitAsync(int connections)
        {
            await using var limit = new NpgsqlCommand(
                $"ALTER DATABASE {owner.Database} CONNECTION LIMIT {connections}", owner);
            await limit.ExecuteNonQueryAsync(Token);
        }
    }

    private static Dictionary<string, string?> Whole(string database)
    {
        var settings = TestIdentity.Settings("payments");
        settings["ConnectionStrings:payments"] = database;
        settings["ConnectionStrings:broker"] = "amqp://guest:guest@127.0.0.1:1/";
        settings["services:ledger:http:0"] = "http://127.0.0.1:1";
        return settings;
    }

    private static async Task<(int Code, string Log)> RunAsync(
        string[] args, Dictionary<string, string?> settings, TaskCompletionSource? started = null)
    {
        using var log = new KeptLog();
        var builder = ServiceHost.CreateBuilder("payments", ["--environment=Production"]);
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders().AddProvider(log);
        builder.AddMessaging(_ => { });
        builder.Services.AddTestHarness();
        builder.Services.AddServiceClient<AnyClient>("ledger", "ledger:any");
        var code = await builder.RunServiceAsync(args, app => app.Lifetime.ApplicationStarted.Register(() => started?.TrySetResult()))
            .WaitAsync(Token);
        return (code, log.Text);
    }

    private static void AssertNamed(string log, params IReadOnlyList<string> faults) =>
        Assert.All(faults, fault => Assert.Contains(fault, log, StringComparison.Ordinal));

    private sealed class AnyClient(HttpClient http)
    {
        public HttpClient Http { get; } = http;
    }

    private sealed class KeptLog : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public string Text => string.Join('\n', _lines);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => _lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}
