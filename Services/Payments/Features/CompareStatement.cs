using System.Collections.Concurrent;
using ArdorQr.Contracts;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features;

/// <summary>
/// GET /internal/books/statement?mode&amp;from&amp;to: the payments that were debited within this time, or that have ended
/// within it long after their debit, against the rail's statement, and what the statement names against our payments. A
/// payment that isn't in the statement is asked for by its id: the rail may have seen it much later than we debited it.
/// </summary>
internal sealed class CompareStatement(ServiceDatabase database, Rails rails)
{
    /// <summary>Of one call: a statement is held in memory.</summary>
    private const int MaxHours = 6;

    /// <summary>A statement that lacks more than these is none.</summary>
    private const int MaxAsked = 200;

    private const int AskedAtOnce = 4;
    private const int MaxFaults = 1_000;

    /// <summary>So much later than the debit the rail may have seen a transfer without being asked for it by its id.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(30);

    /// <summary>So long after its debit a payment that ends may be in no statement of the time around either.</summary>
    private static readonly TimeSpan VeryLate = TimeSpan.FromDays(1);

    private static readonly TimeSpan Early = TimeSpan.FromMinutes(2);

    /// <param name="HasRail">Whether this mode has a rail at all.</param>
    /// <param name="IsWhole">
    /// Whether the rail gave its whole statement and an answer for each payment that it lacks; nothing is judged
    /// otherwise, as silence is no refusal.
    /// </param>
    /// <param name="Lines">How many transfers the statement named.</param>
    /// <param name="Faults">What differs, at most <see cref="MaxFaults"/>.</param>
    internal sealed record Response(bool HasRail, bool IsWhole, int Lines, IReadOnlyList<Fault> Faults);

    /// <param name="PaymentId">Ours, which is the transfer's too.</param>
    /// <param name="Kind">Which difference it is, by a stable name.</param>
    /// <param name="MerchantId">Whose payment; null when it is unknown here.</param>
    /// <param name="Status">Ours; null when it is unknown here.</param>
    /// <param name="AmountMinor">Ours, in kopecks.</param>
    /// <param name="RailStatus">The rail's; null when it has no such transfer.</param>
    /// <param name="RailAmountMinor">The rail's, in kopecks; null when it doesn't say.</param>
    /// <param name="ChangedAt">When ours changed last; null when it is unknown here.</param>
    internal sealed record Fault(
        Guid PaymentId, string Kind, Guid? MerchantId, string? Status, long? AmountMinor, string? RailStatus,
        long? RailAmountMinor, DateTimeOffset? ChangedAt);

    public static void Map(RouteGroupBuilder routes) => routes.MapGet(
        "/books/statement", static (HttpRequest request, CompareStatement feature, CancellationToken cancellationToken) =>
        {
            var (from, to) = BookQuery.TimesOf(request);
            return Mode.TryParse(request.Query["mode"]) is { } mode && from < to && to - from <= TimeSpan.FromHours(MaxHours)
                ? feature.RunAsync(mode, from, to, cancellationToken)
                : throw new RejectedException(CommonErrors.ValidationFailed(
                    "mode", $"Нужны mode (live или test) и промежуток не длиннее {MaxHours} ч."));
        });

    public async Task<Response> RunAsync(
        Mode mode, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        if (rails.Of(mode) is not { } rail)
        {
            return new Response(false, true, 0, []);
        }

        if (await rail.StatementAsync(from - Early, to + Late, cancellationToken) is not { } stated)
        {
            return new Response(true, false, 0, []);
        }

        var payments = await PaymentsAsync(mode, rail, from, to, [.. stated.Keys], cancellationToken);
        if (await CompletedAsync(rail, payments.Values, stated, cancellationToken) is not { } lines)
        {
            return new Response(true, false, stated.Count, []);
        }

        var faults = payments.Keys.Union(lines.Keys)
            .Select(id => FaultOf(id, payments.GetValueOrDefault(id), lines.GetValueOrDefault(id)))
            .OfType<Fault>().Take(MaxFaults);
        return new Response(true, true, stated.Count, [.. faults]);
    }

    private static Fault? FaultOf(Guid id, Row? payment, StatementLine? line)
    {
        var ours = payment is null
            ? null
            : new StatementPayment(id, payment.State, payment.AmountKopecks, payment.ByHand);
        return StatementComparison.FaultOf(ours, line?.Status, line?.Amount) is { } fault
            ? new Fault(
                id, KindOf(fault), payment?.MerchantId, payment?.State.ToString().ToLowerInvariant(),
                payment?.AmountKopecks.Value, line?.Status, line?.Amount?.Value, payment?.ChangedAt)
            : null;
    }

    private static string KindOf(string fault) => fault switch
    {
        "unknown here" => "rail_transfer_unknown",
        "another amount" => "rail_amount_differs",
        "never debited" => "rail_transfer_not_debited",
        "refunded here, completed at the rail" => "rail_paid_what_was_refunded",
        "completed by hand, failed at the rail" => "rail_failed_what_was_settled",
        _ => "rail_did_not_pay",
    };

    /// <summary>
    /// The statement with those that it doesn't name, as far as the rail knows them by their ids; null when it didn't
    /// say of each of them, or when they are too many to be asked for.
    /// </summary>
    private static async Task<IReadOnlyDictionary<Guid, StatementLine>?> CompletedAsync(
        RailClient rail, IEnumerable<Row> payments, IReadOnlyDictionary<Guid, StatementLine> stated,
        CancellationToken cancellationToken)
    {
        var missing = payments
            .Where(payment => (payment.State == PaymentState.Completed || payment.IsVeryLate)
                && !stated.ContainsKey(payment.PaymentId))
            .Select(payment => payment.PaymentId).Take(MaxAsked + 1).ToList();
        if (missing.Count > MaxAsked)
        {
            return null;
        }

        var answers = new ConcurrentDictionary<Guid, TransferAnswer>();
        await Parallel.ForEachAsync(
            missing, new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = cancellationToken },
            async (id, token) => answers[id] = await rail.AskAsync(id, token));
        if (answers.Values.Any(answer => answer is TransferAnswer.Unknown or TransferAnswer.Conflict))
        {
            return null;
        }

        return stated.Concat(
            from answer in answers
            let status = StatusOf(answer.Value)
            where status is not null
            select KeyValuePair.Create(answer.Key, new StatementLine(status, null, null))).ToDictionary();
    }

    private static string? StatusOf(TransferAnswer answer) => answer switch
    {
        TransferAnswer.Completed => "completed",
        TransferAnswer.Failed => "failed",
        TransferAnswer.Cancelled => "cancelled",
        TransferAnswer.InProgress => "processing",
        _ => null, // The rail has never seen it.
    };

    /// <summary>Those that the rail must have paid, those that it names, and old ones that have ended only now.</summary>
    private async Task<Dictionary<Guid, Row>> PaymentsAsync(
        Mode mode, RailClient rail, DateTimeOffset from, DateTimeOffset to, Guid[] named, CancellationToken cancellationToken)
    {
        const string columns =
            "payment_id, merchant_id, state, amount_kopecks, settlement.payment_id IS NOT NULL AS by_hand, changed_at";
        const string table = "payments.payment LEFT JOIN payments.settlement USING (payment_id)";
        const string sql =
            $"""
             SELECT {columns},
                 coalesce(debit_id < @veryLate, false) AND changed_at >= @from AND changed_at < @to AS is_very_late
             FROM {table}
             WHERE mode = @mode AND payment_id = ANY(@named)
             UNION
             SELECT {columns}, false FROM {table}
             WHERE mode = @mode AND rail = @rail AND state = 'completed' AND debit_id >= @after AND debit_id < @before
             UNION
             SELECT {columns}, true FROM {table}
             WHERE mode = @mode AND rail = @rail AND state IN ('completed', 'failed') AND erased_at IS NULL
               AND changed_at >= @from AND changed_at < @to AND debit_id < @veryLate
             """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var parameters = new
        {
            mode = mode.Code, rail = rail.Name, named, from, to, after = BookQuery.FirstIdAt(from),
            before = BookQuery.FirstIdAt(to), veryLate = BookQuery.FirstIdAt(from - VeryLate),
        };
        return (await connection.QueryAsync<Row>(sql, parameters, cancellationToken)).ToDictionary(row => row.PaymentId);
    }

    private sealed record Row
    {
        public Guid PaymentId { get; init; }

        public Guid MerchantId { get; init; }

        public PaymentState State { get; init; }

        public Kopecks AmountKopecks { get; init; }

        public bool ByHand { get; init; }

        public bool IsVeryLate { get; init; }

        public DateTimeOffset ChangedAt { get; init; }
    }
}
