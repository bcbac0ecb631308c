using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Ledger.Tests;

/// <summary>A Ledger in this process with a database of its own, and the words that its tests are written in.</summary>
internal sealed class LedgerHost : IAsyncDisposable
{
    /// <summary>Ends a test that would wait for ever; nothing is timed by it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly bool _ownsDatabase;
    private readonly BusObserver _observer = new();
    private readonly IBus _bus;

    private LedgerHost(TestDatabase database, bool ownsDatabase, Dictionary<string, string?>? settings = null)
    {
        (Database, _ownsDatabase) = (database, ownsDatabase);
        Factory = new ServiceFactory<Program>("ledger", database, settings);
        Payments = Factory.ClientOfService("payments", "ledger:debit");
        _bus = Factory.Services.GetRequiredService<IBus>();
        _bus.ConnectConsumeObserver(_observer);
        _bus.ConnectPublishObserver(_observer);
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public TestDatabase Database { get; }

    public ServiceFactory<Program> Factory { get; }

    public PostingEngine Engine => Factory.Services.GetRequiredService<PostingEngine>();

    /// <summary>A client with the scope <c>ledger:debit</c>.</summary>
    public HttpClient Payments { get; }

    public static async Task<LedgerHost> StartAsync(Dictionary<string, string?>? settings = null) =>
        new(await TestDatabase.CreateAsync(typeof(Program).Assembly, Token), ownsDatabase: true, settings);

    /// <summary>Another replica on the same database.</summary>
    public LedgerHost StartReplica(Dictionary<string, string?>? settings = null) =>
        new(Database, ownsDatabase: false, settings);

    /// <summary>Another replica that reaches the same database through a proxy.</summary>
    public LedgerHost StartReplica(CuttingProxy proxy) =>
        new(Database, ownsDatabase: false, new() { ["ConnectionStrings:ledger"] = proxy.ConnectionString });

    public async Task<Debit> DebitAsync(DebitBody body)
    {
        using var response = await Payments.PostAsJsonAsync(new Uri("/internal/debits", UriKind.Relative), body, Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync(Token)}");
        return (await response.Content.ReadFromJsonAsync<Debit>(Token))!;
    }

    public Task<HttpResponseMessage> SendDebitAsync(object body) =>
        Payments.PostAsJsonAsync(new Uri("/internal/debits", UriKind.Relative), body, Token);

    public Task<HttpResponseMessage> SendVoidAsync(DebitBody body) => Payments.PostAsJsonAsync(
        new Uri($"/internal/debits/{body.Id}/void", UriKind.Relative), new { body.MerchantId, body.Mode, body.PaymentId }, Token);

    public async Task<Debit> VoidAsync(DebitBody body)
    {
        using var response = await SendVoidAsync(body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<Debit>(Token))!;
    }

    /// <summary>Puts money into a wallet the way it comes in: by a confirmed deposit.</summary>
    public async Task<DepositConfirmed> DepositAsync(Guid merchantId, long kopecks, Mode? mode = null, long fee = 0)
    {
        var deposit = Ids.Deposit(merchantId, mode ?? Mode.Test, kopecks, fee);
        await PublishAsync(deposit);
        return deposit;
    }

    /// <summary>Publishes an event and returns when its consumer is done with it; the fault that it ended in, or null.</summary>
    public async Task<Exception?> PublishAsync<TEvent>(TEvent message)
        where TEvent : class, IIntegrationEvent
    {
        var delivery = Ids.New();
        await _bus.Publish(message, context => context.MessageId = delivery, Token);
        return await _observer.EndOf(delivery).WaitAsync(Patience, Token);
    }

    /// <summary>The first events of this type that the service published, repetitions included; waits for so many.</summary>
    public async Task<List<TEvent>> AnswersAsync<TEvent>(int count)
        where TEvent : class, IIntegrationEvent
    {
        var answers = new List<TEvent>();
        while (answers.Count < count)
        {
            answers.Add((TEvent)await _observer.Published<TEvent>().ReadAsync(Token).AsTask().WaitAsync(Patience, Token));
        }

        return answers;
    }

    public async Task<JsonElement> GetAsync(Guid merchantId, string path, Mode? mode = null)
    {
        using var client = Factory.ClientOf(TestIdentity.Caller(merchantId, mode ?? Mode.Test));
        return await client.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative), Token);
    }

    public async Task<long> BalanceAsync(Guid merchantId, Mode? mode = null) =>
        (await GetAsync(merchantId, "/v1/balance", mode)).GetProperty("balanceMinor").GetInt64();

    /// <summary>A house account's sum over its entries.</summary>
    public async Task<long> HouseAsync(string code, string mode = "test") => await ScalarAsync<long>(
        """
        SELECT coalesce(sum(entry.amount_kopecks), 0)::bigint
        FROM ledger.house_account AS house JOIN ledger.entry USING (account_id)
        WHERE house.code = @code AND house.mode = @mode
        """, new { code, mode });

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Database.Database.OpenAsync(Token);
        return await connection.QuerySingleAsync<T>(sql, parameters, Token);
    }

    /// <summary>The books as a whole, by a reckoning of the test's own: sums, balances, sequences, times.</summary>
    public async Task AssertBalancedAsync()
    {
        Assert.Equal(0L, await ScalarAsync<long>("SELECT coalesce(sum(amount_kopecks), 0)::bigint FROM ledger.entry"));
        Assert.Equal(0L, await ScalarAsync<long>(
            """
            SELECT count(*) FROM ledger.wallet
            LEFT JOIN (
                SELECT account_id, sum(amount_kopecks) AS total, count(*) AS entries, max(sequence) AS last
                FROM ledger.entry GROUP BY account_id) AS sums USING (account_id)
            WHERE balance_kopecks <> coalesce(total, 0) OR last_sequence <> coalesce(entries, 0) OR last_sequence <> coalesce(last, 0)
            """));
        Assert.Equal(0L, await ScalarAsync<long>(
            """
            SELECT count(*) FROM ledger.entry AS entry
            JOIN ledger.entry AS next ON next.account_id = entry.account_id AND next.sequence = entry.sequence + 1
            WHERE next.created_at <= entry.created_at
                OR next.balance_after_kopecks <> entry.balance_after_kopecks + next.amount_kopecks
                OR next.previous_hash <> entry.hash
            """));
    }

    public async ValueTask DisposeAsync()
    {
        Payments.Dispose();
        await Factory.DisposeAsync();
        if (_ownsDatabase)
        {
            await Database.DisposeAsync();
        }
    }
}

/// <summary>The body of POST /internal/debits.</summary>
internal sealed record DebitBody(
    Guid Id, Guid MerchantId, string Mode, Guid PaymentId, long AmountMinor, long FeeMinor, long TotalMinor, string Description);

/// <summary>The answer to a debit, as a client reads it.</summary>
internal sealed record Debit(Guid Id, string Status, string? Reason, Guid? OperationId, long BalanceMinor, DateTimeOffset CreatedAt);

/// <summary>Fresh ids, and requests and events made of them.</summary>
internal static class Ids
{
    public static Guid New() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static DebitBody Debit(Guid merchantId, long amount, long fee = 0, Guid? paymentId = null, string mode = "test") =>
        new(New(), merchantId, mode, paymentId ?? New(), amount, fee, amount + fee, "Оплата по QR");

    public static DepositConfirmed Deposit(Guid merchantId, Mode mode, long credited, long fee = 0) => new()
    {
        EventId = New(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = merchantId,
        Mode = mode,
        DepositId = New(),
        GrossMinor = new(credited + fee),
        FeeMinor = new(fee),
        CreditedMinor = new(credited),
        Description = "Пополнение 25 USDT",
    };

    public static PaymentCompleted Completed(DebitBody debit) => new()
    {
        EventId = New(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = debit.MerchantId,
        Mode = Mode.Parse(debit.Mode),
        PaymentId = debit.PaymentId,
        DebitId = debit.Id,
        AmountMinor = new(debit.AmountMinor),
        FeeMinor = new(debit.FeeMinor),
        Payment = JsonSerializer.SerializeToElement(new { }),
    };

    public static PaymentRejected Rejected(DebitBody debit) => new()
    {
        EventId = New(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = debit.MerchantId,
        Mode = Mode.Parse(debit.Mode),
        PaymentId = debit.PaymentId,
        DebitId = debit.Id,
        TotalMinor = new(debit.TotalMinor),
        FailureReason = "payee_rejected",
    };
}
