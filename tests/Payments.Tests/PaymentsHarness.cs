using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Features;
using ArdorQr.Payments.Tests.Fakes;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using Dapper;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ArdorQr.Payments.Tests;

/// <summary>
/// Payments on a database of its own, between a ledger and a rail in memory. Its jobs don't run by themselves unless
/// asked for: a test takes each turn when it wants to.
/// </summary>
internal sealed class PaymentsHarness : IAsyncDisposable
{
    public const string CallbackSecret = "a-callback-secret-for-tests";

    public static string EncryptionKey { get; } = NewKey();

    private readonly TestDatabase _database;
    private readonly bool _ownsDatabase;
    private readonly ServiceFactory<Program> _factory;

    private PaymentsHarness(
        TestDatabase database, bool ownsDatabase, Guid? merchantId, Dictionary<string, string?> settings, bool runJobs)
    {
        _database = database;
        _ownsDatabase = ownsDatabase;
        _factory = new ServiceFactory<Program>("payments", database, settings, services => Replace(services, runJobs));
        MerchantId = merchantId ?? Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        Client = ClientOf(MerchantId);
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public FakeLedger Ledger { get; } = new();

    public FakeRail Rail { get; } = new();

    /// <summary>Takes the calls in place of <see cref="Rail"/>.</summary>
    public HttpMessageHandler? OtherRail { get; set; }

    public FakeDeposits Deposits { get; } = new();

    /// <summary>By which turns are held for the rail's call.</summary>
    public TimeProvider HoldTime { get; set; } = TimeProvider.System;

    public Guid MerchantId { get; }

    /// <summary>The merchant's, with a test key.</summary>
    public HttpClient Client { get; }

    public BusObserver Events { get; } = new();

    public ServiceDatabase Database => _database.Database;

    public IServiceProvider Services => _factory.Services;

    public static async Task<PaymentsHarness> StartAsync(
        Dictionary<string, string?>? settings = null, bool runJobs = false, Action<PaymentsHarness>? before = null,
        PaymentsHarness? replicaOf = null)
    {
        var all = new Dictionary<string, string?>
        {
            ["Payments:Rails:Test:Url"] = "http://rail.test/",
            ["Payments:Rails:Test:Name"] = "sandbox",
            ["Payments:Rails:Test:Token"] = "rail-token",
            ["Payments:Rails:Test:CallbackSecret"] = CallbackSecret,
            ["Payments:Rails:Test:Environment"] = "sandbox",
            ["Payments:EncryptionKey"] = EncryptionKey,
            ["Payments:SealsRows"] = "true",
        };
        foreach (var (name, value) in settings ?? [])
        {
            all[name] = value;
        }

        var database = replicaOf?._database ?? await TestDatabase.CreateAsync(typeof(Program).Assembly, Token);
        var harness = new PaymentsHarness(database, replicaOf is null, replicaOf?.MerchantId, all, runJobs);
        before?.Invoke(harness);
        var bus = harness.Services.GetRequiredService<IBus>();
        bus.ConnectPublishObserver(harness.Events);
        bus.ConnectConsumeObserver(harness.Events);
        return harness;
    }

    public HttpClient ClientOf(Guid merchantId, Mode? mode = null) =>
        ClientOf(TestIdentity.Caller(merchantId, mode ?? Mode.Test));

    public HttpClient ClientOf(CallerIdentity caller) => _factory.ClientOf(caller);

    public HttpClient ServiceClient(string issuer, string scope) => _factory.ClientOfService(issuer, scope);

    /// <summary>Leads into this service, for whoever calls it back.</summary>
    public HttpMessageHandler CreateHandler() => _factory.Server.CreateHandler();

    public HttpClient AnonymousClient() => _factory.CreateClient();

    public Task PublishAsync<T>(T message)
        where T : class =>
        Services.GetRequiredService<IBus>().Publish(message, Token);

    /// <summary>As Ledger does when the money is back in the wallet; the same event each time.</summary>
    public Task TellRefundedAsync(Guid id, long totalMinor) => PublishAsync(new PaymentRefunded
    {
        EventId = id,
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = MerchantId,
        Mode = Mode.Test,
        PaymentId = id,
        OperationId = id,
        TotalMinor = new Kopecks(totalMinor),
    });

    public async Task<JsonObject> CreateAsync(object? body = null, HttpClient? client = null, string? key = null)
    {
        using var response = await PostAsync("/v1/payments", body ?? new { qr = Codes.Dynamic }, key, client);
        return await OkAsync(response, 201);
    }

    public async Task<JsonObject> ConfirmAsync(Guid id, string? key = null, HttpClient? client = null)
    {
        using var response = await PostAsync($"/v1/payments/{id}/confirm", null, key, client);
        return await OkAsync(response, 200);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, object? body, string? key = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        request.Content = body switch
        {
            null => null,
            string raw => new StringContent(raw, System.Text.Encoding.UTF8, "application/json"),
            _ => JsonContent.Create(body),
        };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return await (client ?? Client).SendAsync(request, Token);
    }

    public async Task<JsonObject> GetAsync(Guid id, HttpClient? client = null)
    {
        using var response = await (client ?? Client).GetAsync(new Uri($"/v1/payments/{id}", UriKind.Relative), Token);
        return await OkAsync(response, 200);
    }

    public async Task<string> StatusOfAsync(Guid id) => (await GetAsync(id))["status"]!.GetValue<string>();

    /// <summary>A payment that is debited and waits for its first turn.</summary>
    public async Task<Guid> ConfirmedAsync(object? body = null)
    {
        var id = Id(await CreateAsync(body));
        Assert.Equal("confirming", (await ConfirmAsync(id))["status"]!.GetValue<string>());
        return id;
    }

    /// <summary>Makes the payment due and takes one turn for it.</summary>
    public async Task TurnAsync(Guid id)
    {
        await ExecuteSqlAsync("UPDATE payments.submission SET due_at = clock_timestamp(), leased_until = clock_timestamp() WHERE due_at IS NOT NULL AND payment_id = @id", new { id });
        await Services.GetRequiredService<ExecutePayment>().RunAsync(await ClaimAsync(), Token);
    }

    public async Task<SubmissionClaim> ClaimAsync(int leaseSeconds = 60)
    {
        await using var connection = await Database.OpenAsync(Token);
        return Assert.Single(await SubmissionTable.ClaimAsync(connection, 1, leaseSeconds, [], Token));
    }

    /// <summary>Makes all open attempts due and takes them up; returns how many there were.</summary>
    public async Task<int> RecoverAsync()
    {
        await ExecuteSqlAsync("UPDATE payments.attempt SET due_at = clock_timestamp() WHERE status = 'open'", null);
        await using var scope = Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AttemptRecovery>().RunDueAsync(100, Token);
    }

    public async Task<int> ExpireDueAsync()
    {
        await using var connection = await Database.OpenAsync(Token);
        return await PaymentTable.ExpireDueAsync(connection, 100, Token);
    }

    /// <summary>Moves a payment's life into the past, as if its time had gone by.</summary>
    public Task EndLifeAsync(Guid id) => ExecuteAsOwnerAsync(
        "ALTER TABLE payments.payment DISABLE TRIGGER guard_payment; " +
        $"UPDATE payments.payment SET created_at = created_at - interval '1 hour', expires_at = clock_timestamp() - interval '1 second' WHERE payment_id = '{id}'; " +
        "ALTER TABLE payments.payment ENABLE TRIGGER guard_payment;");

    public Task PassCutOffAsync(Guid id) =>
        ExecuteSqlAsync("UPDATE payments.submission SET not_after = clock_timestamp() WHERE payment_id = @id", new { id });

    public async Task ExecuteSqlAsync(string sql, object? parameters)
    {
        await using var connection = await Database.OpenAsync(Token);
        await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: Token));
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Database.OpenAsync(Token);
        return (await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: Token)))!;
    }

    public async Task ExecuteAsOwnerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_database.OwnerConnectionString);
        await connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: Token));
    }

    /// <summary>32 bytes in base64.</summary>
    public static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public static Guid Id(JsonObject payment) => payment["id"]!.GetValue<Guid>();

    public static async Task<string> CodeOfAsync(HttpResponseMessage response, int status)
    {
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} {body}");
        return JsonNode.Parse(body)!["error"]!["code"]!.GetValue<string>();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
        if (_ownsDatabase)
        {
            await _database.DisposeAsync();
        }
    }

    private static async Task<JsonObject> OkAsync(HttpResponseMessage response, int status)
    {
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} {body}");
        return JsonSerializer.Deserialize<JsonObject>(body)!;
    }

    private void Replace(IServiceCollection services, bool runJobs)
    {
        services.AddHttpClient(nameof(LedgerClient)).ConfigurePrimaryHttpMessageHandler(() => Ledger);
        services.AddHttpClient(nameof(LedgerBalanceClient)).ConfigurePrimaryHttpMessageHandler(() => Ledger);
        services.AddHttpClient(nameof(DepositsClient)).ConfigurePrimaryHttpMessageHandler(() => Deposits);
        services.AddHttpClient(RailClient.HttpClientOf(Mode.Test)).ConfigurePrimaryHttpMessageHandler(() => OtherRail ?? Rail);
        services.AddHttpClient(RailClient.HttpClientOf(Mode.Live)).ConfigurePrimaryHttpMessageHandler(() => OtherRail ?? Rail);
        services.AddSingleton(_ => new HeldTurns(HoldTime));
        services.AddSingleton<SealRows>();
        services.AddSingleton<ErasePayees>();
        if (!runJobs)
        {
            Type[] jobs =
            [
                typeof(ExecutePayments), typeof(RecoverAttempts), typeof(ExpirePayments), typeof(SealRows),
                typeof(ErasePayees),
            ];
            foreach (var job in services.Where(service =>
                service.ServiceType == typeof(IHostedService) && jobs.Contains(service.ImplementationType)).ToList())
            {
                services.Remove(job);
            }
        }
    }
}

/// <summary>Codes to pay, from the samples.</summary>
internal static class Codes
{
    /// <summary>SBP, single-use, 1250.00 ₽, Sberbank.</summary>
    public const string Dynamic = "https://qr.nspk.ru/AD10002028TVASRF4039SI1MG44GASKE?type=02&bank=100000000111&sum=125000&cur=RUB&crc=CF57";

    /// <summary>SBP, single-use, 7300.50 ₽, Gazprombank.</summary>
    public const string OtherDynamic = "https://qr.nspk.ru/BD10005NH1M0VLO18CFDP93D2M2RUNJD?type=02&bank=100000000001&sum=730050&cur=RUB&crc=7EF7";

    /// <summary>SBP, payable many times, no sum, T-Bank.</summary>
    public const string Static = "https://qr.nspk.ru/AS1A002LMLCIF2TVKLU8LV3J4JCL2TVM?type=01&bank=100000000004&crc=08C8";
}
