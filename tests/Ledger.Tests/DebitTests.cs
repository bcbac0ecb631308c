using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using ArdorQr.Ledger.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Ledger.Tests;

public sealed class DebitTests
{
    private readonly Guid _merchant = Ids.New();

    [Fact]
    public async Task Reconciliation_finds_posted_debits_by_their_ids_and_no_others()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        var (posted, refused) = (Ids.Debit(_merchant, 600), Ids.Debit(_merchant, 600));
        await ledger.DebitAsync(posted);
        await ledger.DebitAsync(refused);
        using var client = ledger.Factory.ClientOfService("gateway", "ledger:reconcile");

        using var response = await client.PostAsJsonAsync(
            new Uri("/internal/books/debits/find", UriKind.Relative), new { values = new[] { refused.Id, posted.Id, Ids.New() } },
            LedgerHost.Token);
        var rows = (await response.Content.ReadFromJsonAsync<JsonElement>(LedgerHost.Token)).GetProperty("rows");

        var row = Assert.Single(rows.EnumerateArray());
        Assert.Equal((posted.Id, posted.PaymentId), (row.GetProperty("id").GetGuid(), row.GetProperty("paymentId").GetGuid()));
        Assert.Equal(600, row.GetProperty("totalMinor").GetInt64());
    }

    [Fact]
    public async Task A_debit_takes_the_total_and_its_repetition_is_answered_the_same_and_takes_nothing()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 10_000);
        var body = Ids.Debit(_merchant, 6_000, fee: 60);

        var first = await ledger.DebitAsync(body);
        var again = await ledger.DebitAsync(body with { Description = "Иначе" });
        var asked = await ledger.Payments.GetFromJsonAsync<Debit>(
            new Uri($"/internal/debits/{body.Id}", UriKind.Relative), LedgerHost.Token);

        Assert.Equal(("posted", null, 3_940L), (first.Status, first.Reason, first.BalanceMinor));
        Assert.NotNull(first.OperationId);
        Assert.Equal(first, again);
        Assert.Equal(first, asked);
        Assert.Equal(3_940, await ledger.BalanceAsync(_merchant));
        Assert.Equal(6_060, await ledger.HouseAsync("payment_clearing"));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_refusal_is_stored_and_stays_although_the_money_comes_later()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 100);
        var body = Ids.Debit(_merchant, 101);

        var refused = await ledger.DebitAsync(body);
        await ledger.DepositAsync(_merchant, 1_000);

        Assert.Equal(("refused", "insufficient_funds", 100L), (refused.Status, refused.Reason, refused.BalanceMinor));
        Assert.Null(refused.OperationId);
        Assert.Equal(refused, await ledger.DebitAsync(body));
        Assert.Equal(1_100, await ledger.BalanceAsync(_merchant));
        Assert.Equal("posted", (await ledger.DebitAsync(Ids.Debit(_merchant, 101, paymentId: body.PaymentId))).Status);
    }

    [Fact]
    public async Task A_wallet_that_never_had_money_is_refused_with_a_balance_of_zero()
    {
        await using var ledger = await LedgerHost.StartAsync();

        var refused = await ledger.DebitAsync(Ids.Debit(_merchant, 1));

        Assert.Equal(("refused", "insufficient_funds", 0L), (refused.Status, refused.Reason, refused.BalanceMinor));
        Assert.Equal(0, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task A_wallet_can_be_emptied_to_zero_and_no_further()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 100);

        Assert.Equal("posted", (await ledger.DebitAsync(Ids.Debit(_merchant, 100))).Status);
        Assert.Equal("refused", (await ledger.DebitAsync(Ids.Debit(_merchant, 1))).Status);
    }

    [Fact]
    public async Task A_second_debit_of_a_payment_is_superseded_while_the_first_stands()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        var first = Ids.Debit(_merchant, 100);
        await ledger.DebitAsync(first);

        var second = await ledger.DebitAsync(Ids.Debit(_merchant, 100, paymentId: first.PaymentId));

        Assert.Equal(("refused", "superseded", 900L), (second.Status, second.Reason, second.BalanceMinor));
        Assert.Equal(900, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task The_same_id_with_other_content_is_a_conflict_and_changes_nothing()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var deposit = await ledger.DepositAsync(_merchant, 1_000);
        var body = Ids.Debit(_merchant, 100);
        await ledger.DebitAsync(body);

        foreach (var other in new[]
        {
            body with { AmountMinor = 99, FeeMinor = 1 },
            body with { AmountMinor = 101, TotalMinor = 101 },
            body with { MerchantId = Ids.New() },
            body with { Mode = "live" },
            body with { PaymentId = Ids.New() },
            body with { Id = deposit.DepositId },
        })
        {
            using var response = await ledger.SendDebitAsync(other);
            Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
            Assert.Equal("transfer_conflict", await CodeOfAsync(response));
        }

        Assert.Equal(900, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task A_conflict_is_logged_as_a_defect_and_has_a_code_of_its_own()
    {
        using var log = new ErrorLog();
        var existing = new Transfer
        {
            TransferId = _merchant, Kind = TransferKind.Debit, MerchantId = _merchant, Mode = Mode.Test, SourceId = _merchant,
            Status = TransferStatus.Posted, BalanceKopecks = default, CreatedAt = default,
        };
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        context.Response.Body = body;

        await DebitAnswers.ToResult(new Outcome.Conflict(existing), _merchant, log).ExecuteAsync(context);

        Assert.Equal(409, context.Response.StatusCode);
        Assert.Contains("\"transfer_conflict\"", System.Text.Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
        Assert.StartsWith($"Defect: transfer {_merchant}", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_void_kills_an_unseen_id_for_ever_and_no_seen_one()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        var (unseen, posted, refused) = (Ids.Debit(_merchant, 100), Ids.Debit(_merchant, 100), Ids.Debit(_merchant, 5_000));
        await ledger.DebitAsync(posted);
        await ledger.DebitAsync(refused);

        var voided = await ledger.VoidAsync(unseen);

        Assert.Equal(("voided", "voided", null, 900L), (voided.Status, voided.Reason, voided.OperationId, voided.BalanceMinor));
        Assert.Equal(voided, await ledger.VoidAsync(unseen));
        Assert.Equal(voided, await ledger.DebitAsync(unseen));
        Assert.Equal("posted", (await ledger.VoidAsync(posted)).Status);
        Assert.Equal("refused", (await ledger.VoidAsync(refused)).Status);
        Assert.Equal(900, await ledger.BalanceAsync(_merchant));
        using var another = await ledger.SendVoidAsync(unseen with { PaymentId = Ids.New() });
        Assert.Equal(HttpStatusCode.Conflict, another.StatusCode);
    }

    [Fact]
    public async Task Modes_and_merchants_share_nothing()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000, Mode.Test);
        await ledger.DepositAsync(_merchant, 50, Mode.Live);

        Assert.Equal("refused", (await ledger.DebitAsync(Ids.Debit(_merchant, 100, mode: "live"))).Status);
        Assert.Equal("posted", (await ledger.DebitAsync(Ids.Debit(_merchant, 20, mode: "live"))).Status);
        Assert.Equal(1_000, await ledger.BalanceAsync(_merchant, Mode.Test));
        Assert.Equal(30, await ledger.BalanceAsync(_merchant, Mode.Live));
        Assert.Equal(0, await ledger.BalanceAsync(Ids.New()));
        Assert.Equal(20, await ledger.HouseAsync("payment_clearing", "live"));
        Assert.Equal(0, await ledger.HouseAsync("payment_clearing", "test"));
    }

    [Fact]
    public async Task Only_the_right_scope_opens_the_internal_ways_in()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = new Uri($"/internal/debits/{Ids.New()}", UriKind.Relative);
        var balance = new Uri($"/internal/balances/{_merchant}/test", UriKind.Relative);
        using var reader = ledger.Factory.ClientOfService("deposits", "ledger:read");
        using var merchant = ledger.Factory.ClientOf(Testing.TestIdentity.Caller(_merchant, Mode.Test));
        using var nobody = ledger.Factory.CreateClient();

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(ledger.Payments, debit));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(ledger.Payments, balance));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(reader, balance));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(reader, debit));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(merchant, debit));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(nobody, debit));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(nobody, new Uri("/v1/balance", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(ledger.Payments, new Uri("/v1/balance", UriKind.Relative)));
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, Uri uri)
    {
        using var response = await client.GetAsync(uri, LedgerHost.Token);
        return response.StatusCode;
    }

    private static async Task<string?> CodeOfAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>(LedgerHost.Token)).GetProperty("error").GetProperty("code").GetString();

    /// <summary>Keeps what is logged as an error.</summary>
    private sealed class ErrorLog : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Error)
            {
                Lines.Add(formatter(state, exception));
            }
        }

        public void Dispose()
        {
            // Nothing to end.
        }
    }
}
