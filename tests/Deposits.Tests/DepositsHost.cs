using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Features;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ArdorQr.Deposits.Tests;

/// <summary>
/// Deposits in this process with a database and an outside of its own, and the words that its tests are written in.
/// Unless told otherwise its watch runs only when a test says so, round by round.
/// </summary>
internal sealed class DepositsHost : IAsyncDisposable
{
    private readonly bool _ownsDatabase;
    private readonly bool _watches;
    private readonly bool _sends;
    private readonly Dictionary<string, string?> _settings;
    private readonly HttpMessageHandler _outside;
    private readonly Action<IServiceCollection>? _services;
    private readonly WatchChain _watch;
    private readonly ReconcileChain _reconcile;
    private readonly WatchSeat _seat;

    private DepositsHost(
        TestDatabase database, bool ownsDatabase, HttpMessageHandler outside, Dictionary<string, string?> settings, bool watches,
        bool sends, Action<IServiceCollection>? services)
    {
        (Database, _ownsDatabase, _outside, _settings) = (database, ownsDatabase, outside, settings);
        (_watches, _sends, _services) = (watches, sends, services);
        Factory = new ServiceFactory<Program>("deposits", database, settings, Configure);
        Harness = Factory.Services.GetRequiredService<ITestHarness>();
        (_watch, _reconcile, _seat) = WatchChains.Of(Factory.Services, World);
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public TestDatabase Database { get; }

    /// <summary>The outside, of a test that isn't given another one.</summary>
    public OutsideWorld Outside => (OutsideWorld)_outside;

    public ServiceFactory<Program> Factory { get; }

    public ITestHarness Harness { get; }

    public World World => Factory.Services.GetRequiredService<Worlds>().Find(Mode.Test)!;

    /// <summary>The merchant with number 1, whose test address is the samples'.</summary>
    public Guid Merchant { get; } = Guid.Parse("01900000-0000-7000-8000-000000000001");

    public static Dictionary<string, string?> Settings => new()
    {
        ["Deposits:Worlds:Test:PublicKey"] = Samples.PublicKey,
        ["Deposits:Worlds:Test:NetworkGlobalId"] = "-3",
        ["Deposits:Worlds:Test:ChainUrl"] = OutsideWorld.ChainUrl,
        ["Deposits:Worlds:Test:ChainApiKey"] = "chain-key",
        ["Deposits:Worlds:Test:FaucetUrl"] = OutsideWorld.FaucetUrl,
        ["Deposits:Worlds:Test:FaucetToken"] = "faucet-token",
        ["Deposits:Worlds:Test:JettonMaster"] = Samples.Master,
        ["Deposits:Worlds:Test:JettonWalletCodeHash"] = Samples.WalletCodeHash,
        ["Deposits:Worlds:Test:PollIntervalMilliseconds"] = "20",
        ["Deposits:Worlds:Test:RateSources:0:Name"] = "sandbox",
        ["Deposits:Worlds:Test:RateSources:0:Url"] = OutsideWorld.RateUrl,
        ["Deposits:Worlds:Test:RateSources:0:Kind"] = "sandbox",
    };

    /// <param name="change">Changes the settings.</param>
    /// <param name="watches">Whether the watch runs by itself.</param>
    /// <param name="sends">Whether committed events are sent; without, it is as if the process always died before.</param>
    /// <param name="outside">What answers all that is asked of the outside.</param>
    /// <param name="services">Changes what the service is made of.</param>
    public static async Task<DepositsHost> StartAsync(
        Action<Dictionary<string, string?>>? change = null, bool watches = false, bool sends = true,
        HttpMessageHandler? outside = null, Action<IServiceCollection>? services = null)
    {
        var settings = Settings;
        change?.Invoke(settings);
        var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, Token);
        await RememberEventsAsync(database);
        return new(database, ownsDatabase: true, outside ?? new OutsideWorld(), settings, watches, sends, services);
    }

    /// <summary>As <see cref="StartAsync"/>, with the samples' merchant registered.</summary>
    public static async Task<DepositsHost> StartWithMerchantAsync(
        Action<Dictionary<string, string?>>? change = null, bool watches = false, bool sends = true,
        HttpMessageHandler? outside = null, Action<IServiceCollection>? services = null)
    {
        var host = await StartAsync(change, watches, sends, outside, services);
        await host.RegisterAsync(host.Merchant, 1);
        return host;
    }

    /// <summary>Another process on the same database and outside.</summary>
    public DepositsHost StartReplica() => new(
        Database, ownsDatabase: false, _outside, _settings, _watches, sends: true, _services);

    public HttpClient Client(Mode? mode = null, Guid? merchant = null, long number = 1) =>
        Factory.ClientOf(TestIdentity.Caller(merchant ?? Merchant, mode ?? Mode.Test, number));

    /// <summary>One round of the watch, with everything that waits looked at now.</summary>
    public Task<bool> RoundAsync() => RoundAsync(makeDue: true);

    public async Task<bool> RoundAsync(bool makeDue)
    {
        if (makeDue)
        {
            await ExecuteAsync("UPDATE deposits.deposit SET check_at = clock_timestamp() WHERE check_at < 'infinity'");
        }

        return await _watch.TickAsync(Token);
    }

    /// <summary>One step of the comparison of balances, with nothing rested from.</summary>
    public async Task ReconcileAsync()
    {
        await ExecuteAsync(
            """
            UPDATE deposits.reconciliation SET done_at = done_at - interval '1 hour';
            UPDATE deposits.wallet_difference SET checked_at = checked_at - interval '1 hour'
            """);
        if (_seat.Leader is { } leader)
        {
            await _reconcile.StepAsync(leader, Token);
        }
    }

    /// <summary>The lease of whoever leads has run out.</summary>
    public Task ExpireLeaseAsync() =>
        ExecuteAsync("UPDATE deposits.watcher SET leased_until = clock_timestamp() - interval '1 second'");

    public async Task RegisterAsync(Guid merchant, long number) => Assert.Null(await PublishAsync(new MerchantRegistered
    {
        EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = merchant,
        MerchantNumber = number,
        Name = "ООО Ромашка",
    }));

    /// <summary>Ledger's answer, as Ledger would give it to the confirmation that the deposit made.</summary>
    public Task<Exception?> PostAsync(DepositConfirmed confirmed, Guid operationId, Guid? eventId = null, long? credited = null) => PublishAsync(new DepositPosted
    {
        EventId = eventId ?? Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = confirmed.MerchantId,
        Mode = confirmed.Mode,
        DepositId = confirmed.DepositId,
        OperationId = operationId,
        CreditedMinor = new(credited ?? confirmed.CreditedMinor.Value),
    });

    /// <summary>Publishes an event and returns when its consumer is done with it; the fault that it ended in, or null.</summary>
    public async Task<Exception?> PublishAsync<TEvent>(TEvent message)
        where TEvent : class, IIntegrationEvent
    {
        var delivery = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        await Harness.Bus.Publish(message, context => context.MessageId = delivery, Token);
        var consumed = await Harness.Consumed.SelectAsync<TEvent>(received => received.Context.MessageId == delivery, Token).FirstOrDefault();
        Assert.NotNull(consumed);
        return consumed.Exception;
    }

    /// <summary>The first events of this type that the service published; waits for so many.</summary>
    public async Task<List<TEvent>> PublishedAsync<TEvent>(int count)
        where TEvent : class, IIntegrationEvent
    {
        var found = new List<TEvent>();
        await foreach (var published in Harness.Published.SelectAsync<TEvent>(Token))
        {
            found.Add(published.Context.Message);
            if (found.Count == count)
            {
                return found;
            }
        }

        throw new InvalidOperationException($"Only {found.Count} of {count} {typeof(TEvent).Name} came.");
    }

    /// <summary>How many events, by their ids: one that waits for an answer is sent again when that is overdue.</summary>
    public Task<long> EnqueuedAsync<TEvent>() => ScalarAsync<long>(
        $"SELECT count(DISTINCT event_id) FROM public.enqueued WHERE message_type = '{typeof(TEvent).GetCustomAttributes(typeof(EntityNameAttribute), false).Cast<EntityNameAttribute>().Single().EntityName}'");

    public Task<long> CursorAsync() =>
        ScalarAsync<long>("SELECT cursor_lt FROM deposits.watcher WHERE mode = 'test'");

    public async Task<JsonElement> DepositAsync(Guid id)
    {
        using var client = Client();
        return await client.GetFromJsonAsync<JsonElement>(new Uri($"/v1/deposits/{id}", UriKind.Relative), Token);
    }

    public async Task<List<JsonElement>> DepositsAsync()
    {
        using var client = Client();
        var body = await client.GetFromJsonAsync<JsonElement>(new Uri("/v1/deposits?limit=100", UriKind.Relative), Token);
        return [.. body.GetProperty("deposits").EnumerateArray()];
    }

    public static async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpClient client, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = json is null ? null : new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request, Token);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Token));
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Database.OwnerConnectionString);
        await connection.OpenAsync(Token);
        await connection.ExecuteAsync(sql, null, Token);
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Database.OwnerConnectionString);
        await connection.OpenAsync(Token);
        return await connection.QuerySingleAsync<T>(sql, null, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await Factory.DisposeAsync();
        if (_ownsDatabase)
        {
            await Database.DisposeAsync();
        }
    }

    /// <summary>The outbox forgets what was sent; tests count what was ever written to it.</summary>
    private static async Task RememberEventsAsync(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync(Token);
        await connection.ExecuteAsync(
            """
            CREATE TABLE public.enqueued (message_type text NOT NULL, event_id uuid NOT NULL, traceparent text);
            CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            $$ BEGIN INSERT INTO public.enqueued VALUES (NEW.message_type, NEW.event_id, NEW.traceparent); RETURN NEW; END $$;
            CREATE TRIGGER remember AFTER INSERT ON messaging.outbox FOR EACH ROW EXECUTE FUNCTION public.remember();
            """, null, Token);
    }

    private void Configure(IServiceCollection services)
    {
        var chains = Mode.All.SelectMany(mode => Enum.GetValues<ChainUse>().Select(use => ToncenterChain.ClientName(mode, use))
            .Append(ToncenterChain.SecondClientName(mode)));
        foreach (var client in chains.Append(RateSources.ClientName).Append(FaucetClient.ClientName))
        {
            services.AddHttpClient(client)
                .ConfigurePrimaryHttpMessageHandler(() => _outside)
                .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
        }

        _services?.Invoke(services);
        if (!_watches)
        {
            RemoveHosted(services, nameof(WatchChains));
        }

        if (!_sends)
        {
            RemoveHosted(services, "OutboxDispatcher");
        }
    }

    private static void RemoveHosted(IServiceCollection services, string name) => services.Remove(services.Single(service =>
        service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Name == name));
}
