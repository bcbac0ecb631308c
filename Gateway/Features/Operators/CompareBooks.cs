using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// One pass over the services' books: Deposits ↔ Ledger, Payments ↔ Ledger, both ↔ Webhooks, Payments ↔ the rail, and
/// each service's own checks, of which Deposits' holds the chain against its deposits. It reads pages and keeps none.
/// </summary>
/// <param name="books">The services' books.</param>
/// <param name="checks">The services' own checks.</param>
/// <param name="from">What is older was compared when it was not.</param>
/// <param name="until">What changed later is in flight.</param>
/// <param name="found">Takes each discrepancy.</param>
internal sealed class CompareBooks(
    BooksClient books, ReconciliationClient checks, DateTimeOffset from, DateTimeOffset until,
    Func<Discrepancy, CancellationToken, Task> found)
{
    private const string DepositPrefix = "deposit.";

    private static readonly TimeSpan StatementSlice = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, long> _compared = [];

    /// <summary>How many rows of each book were compared so far.</summary>
    public IReadOnlyDictionary<string, long> Compared => _compared;

    private sealed record ToldEvent(Guid Id, string Type, string ObjectName, Guid ObjectId, string Mode, Guid MerchantId);

    /// <exception cref="HttpRequestException">A service didn't answer; what was found so far stands.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await ChecksAsync(cancellationToken);
        await DepositsAsync(cancellationToken);
        await PaymentsAsync(cancellationToken);
        await EventsAsync(cancellationToken);
        foreach (var mode in Mode.All)
        {
            await StatementAsync(mode.Code, cancellationToken);
        }
    }

    /// <summary>Each service's own: the chain against the deposits, the books in themselves, what is overdue.</summary>
    private async Task ChecksAsync(CancellationToken cancellationToken)
    {
        foreach (var service in ReconciliationClient.Services)
        {
            foreach (var check in await checks.AskAsync(service, cancellationToken))
            {
                Count("checks");
                if (check.Name == $"{service}_answers")
                {
                    throw new HttpRequestException($"{service} did not answer with its checks.");
                }

                if (!check.Ok)
                {
                    await found(
                        new Discrepancy(
                            check.Name, Discrepancy.IdsOf(), new BookSide(service, $"expected {check.Expected}"),
                            new BookSide(service, $"actual {check.Actual}")) { Details = check.Details },
                        cancellationToken);
                }
            }
        }
    }

    private async Task DepositsAsync(CancellationToken cancellationToken)
    {
        var told = new List<ToldEvent>();
        var pairs = PairsAsync<DepositRow, PostingRow>(("deposits", "deposits"), ("ledger", "deposits"), cancellationToken);
        await foreach (var (deposit, posting) in pairs.WithCancellation(cancellationToken))
        {
            Count("deposits", deposit);
            Count("postings", posting);
            await FoundAsync(DepositComparison.Of(deposit, posting, until), cancellationToken);
            if (deposit is not null)
            {
                Add(told, deposit.DetectedEventId, "deposit.pending", deposit);
                Add(told, deposit.CreditedEventId, "deposit.credited", deposit);
                await MatchFullAsync(told, cancellationToken);
            }
        }

        await MatchAsync(told, cancellationToken);

        void Add(List<ToldEvent> events, Guid? id, string type, DepositRow deposit) =>
            AddEvent(events, id, type, ("depositId", deposit.Id), deposit.Mode, deposit.MerchantId, deposit.ChangedAt);
    }

    private async Task PaymentsAsync(CancellationToken cancellationToken)
    {
        var told = new List<ToldEvent>();
        var pairs = PairsAsync<PaymentRow, DebitRow>(("payments", "payments"), ("ledger", "debits"), cancellationToken);
        await foreach (var (payment, debit) in pairs.WithCancellation(cancellationToken))
        {
            Count("payments", payment);
            Count("debits", debit);
            await FoundAsync(PaymentComparison.Of(payment, debit, until), cancellationToken);
            if (payment is not null)
            {
                Add(told, payment.ProcessingEventId, "payment.processing", payment);
                Add(told, payment.CompletedEventId, "payment.completed", payment);
                Add(told, payment.FailedEventId, "payment.failed", payment);
                await MatchFullAsync(told, cancellationToken);
            }
        }

        await MatchAsync(told, cancellationToken);

        void Add(List<ToldEvent> events, Guid? id, string type, PaymentRow payment) =>
            AddEvent(
                events, id, type, ("paymentId", payment.PaymentId), payment.Mode, payment.MerchantId, payment.ChangedAt);
    }

    /// <summary>
    /// Two books side by side: first what is from this time, then what is older and was open, or has ended, within it.
    /// </summary>
    private async IAsyncEnumerable<(TOwn? Own, TLedger? Ledger)> PairsAsync<TOwn, TLedger>(
        (string Service, string Book) own, (string Service, string Book) ledger,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where TOwn : class, IBookRow
        where TLedger : class, IBookRow
    {
        var pairs = BookMerge.JoinAsync(
            books.ReadAsync<TOwn>(own.Service, own.Book, from, until, cancellationToken),
            books.ReadAsync<TLedger>(ledger.Service, ledger.Book, from, until, cancellationToken));
        await foreach (var pair in pairs.WithCancellation(cancellationToken))
        {
            yield return pair;
        }

        var late = books.ReadLateAsync<TOwn>(own.Service, own.Book, from, cancellationToken);
        await foreach (var page in late.Chunk(BookQuery.MaxRows).WithCancellation(cancellationToken))
        {
            var found = await books.FindAsync<TLedger>(
                ledger.Service, ledger.Book, [.. page.Select(row => row.Id)], cancellationToken);
            var known = found.ToDictionary(row => row.Id);
            foreach (var row in page)
            {
                yield return (row, known.GetValueOrDefault(row.Id));
            }
        }
    }

    private void AddEvent(
        List<ToldEvent> told, Guid? id, string type, (string Name, Guid Id) about, string mode, Guid merchantId,
        DateTimeOffset changedAt)
    {
        // An event's id has its object's time, not its own: by that, what was just told of an old payment would be overdue.
        if (id is { } eventId && changedAt <= until)
        {
            told.Add(new ToldEvent(eventId, type, about.Name, about.Id, mode, merchantId));
        }
    }

    /// <summary>A row adds three at most.</summary>
    private Task MatchFullAsync(List<ToldEvent> told, CancellationToken cancellationToken) =>
        told.Count > BookQuery.MaxRows - 3 ? MatchAsync(told, cancellationToken) : Task.CompletedTask;

    /// <summary>Each event that an owner made is one that Webhooks has.</summary>
    private async Task MatchAsync(List<ToldEvent> told, CancellationToken cancellationToken)
    {
        if (told.Count == 0)
        {
            return;
        }

        var rows = await books.FindAsync<EventRow>("webhooks", "events", [.. told.Select(one => one.Id)], cancellationToken);
        var known = rows.ToDictionary(row => row.Id);
        foreach (var one in told)
        {
            if (known.GetValueOrDefault(one.Id) is var row
                && (row?.Type, row?.Mode, row?.MerchantId) != (one.Type, one.Mode, one.MerchantId))
            {
                await FoundAsync(
                    new Discrepancy(
                        row is null ? "event_without_webhook" : "webhook_event_differs",
                        Discrepancy.IdsOf(("eventId", one.Id), (one.ObjectName, one.ObjectId)),
                        new BookSide(OwnerOf(one.Type), one.Type), new BookSide("webhooks", row?.Type))
                    {
                        Mode = one.Mode,
                        MerchantId = one.MerchantId,
                    },
                    cancellationToken);
            }
        }

        told.Clear();
    }

    /// <summary>Each event that Webhooks has is one that its owner made.</summary>
    private async Task EventsAsync(CancellationToken cancellationToken)
    {
        var page = new List<EventRow>();
        var events = books.ReadAsync<EventRow>("webhooks", "events", from, until, cancellationToken);
        await foreach (var row in events.WithCancellation(cancellationToken))
        {
            Count("events");
            if (row.ObjectId is not null)
            {
                page.Add(row);
            }

            if (page.Count == BookQuery.MaxRows)
            {
                await OwnersAsync(page, cancellationToken);
            }
        }

        await OwnersAsync(page, cancellationToken);
    }

    private async Task OwnersAsync(List<EventRow> page, CancellationToken cancellationToken)
    {
        List<Guid?> made = [];
        if (Ids(page, isDeposit: true) is { Count: > 0 } deposits)
        {
            made.AddRange((await books.FindAsync<DepositRow>("deposits", "deposits", deposits, cancellationToken))
                .SelectMany(row => new[] { row.DetectedEventId, row.CreditedEventId }));
        }

        if (Ids(page, isDeposit: false) is { Count: > 0 } payments)
        {
            made.AddRange((await books.FindAsync<FoundPayment>("payments", "payments", payments, cancellationToken))
                .SelectMany(row => new[] { row.ProcessingEventId, row.CompletedEventId, row.FailedEventId }));
        }

        var known = made.OfType<Guid>().ToHashSet();
        foreach (var row in page.Where(row => !known.Contains(row.Id)))
        {
            var about = row.Type.StartsWith(DepositPrefix, StringComparison.Ordinal) ? "depositId" : "paymentId";
            await FoundAsync(
                new Discrepancy(
                    "webhook_without_event", Discrepancy.IdsOf(("eventId", row.Id), (about, row.ObjectId)),
                    new BookSide("webhooks", row.Type), new BookSide(OwnerOf(row.Type), null))
                {
                    Mode = row.Mode,
                    MerchantId = row.MerchantId,
                },
                cancellationToken);
        }

        page.Clear();

        static List<Guid> Ids(List<EventRow> page, bool isDeposit) =>
        [
            .. page.Where(row => row.Type.StartsWith(DepositPrefix, StringComparison.Ordinal) == isDeposit)
                .Select(row => row.ObjectId!.Value).Distinct(),
        ];
    }

    /// <summary>Payments and the rail, an hour at a time.</summary>
    private async Task StatementAsync(string mode, CancellationToken cancellationToken)
    {
        var named = new HashSet<Guid>(); // Slices overlap at the rail: each difference is told once.
        for (var (start, slices) = (from, 0); start < until; start += StatementSlice, slices++)
        {
            var end = start + StatementSlice < until ? start + StatementSlice : until;
            var statement = await books.CompareStatementAsync(mode, start, end, cancellationToken);
            if (!statement.HasRail)
            {
                return;
            }

            if (!statement.IsWhole)
            {
                throw new HttpRequestException($"The rail of {mode} gave no whole statement from {start:O} to {end:O}.");
            }

            Count("statementLines", statement.Lines);
            foreach (var fault in statement.Faults.Where(fault => !IsInFlight(fault) && named.Add(fault.PaymentId)))
            {
                await FoundAsync(
                    new Discrepancy(
                        fault.Kind, Discrepancy.IdsOf(("paymentId", fault.PaymentId)),
                        new BookSide("payments", fault.Status, fault.AmountMinor),
                        new BookSide("rail", fault.RailStatus, fault.RailAmountMinor))
                    {
                        Mode = mode,
                        MerchantId = fault.MerchantId,
                    },
                    cancellationToken);
            }
        }
    }

    private bool IsInFlight(StatementFault fault) => fault.ChangedAt is { } changed
        ? changed > until
        : fault.PaymentId.Version == 7 && BookQuery.TimeOf(fault.PaymentId) > until;

    private static string OwnerOf(string type) =>
        type.StartsWith(DepositPrefix, StringComparison.Ordinal) ? "deposits" : "payments";

    private Task FoundAsync(Discrepancy? discrepancy, CancellationToken cancellationToken) =>
        discrepancy is null ? Task.CompletedTask : found(discrepancy, cancellationToken);

    private void Count(string book, object? row)
    {
        if (row is not null)
        {
            Count(book);
        }
    }

    private void Count(string book, int rows = 1) => _compared.AddOrUpdate(book, rows, (_, sum) => sum + rows);
}
