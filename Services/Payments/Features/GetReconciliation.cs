using ArdorQr.Contracts;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// GET /internal/reconciliation: our payments against their attempts, against Ledger's debits and refunds, and against
/// the rail's statement of the last day. It reads and reports; nothing is put right by it.
/// </summary>
internal sealed class GetReconciliation(ServiceDatabase database, LedgerClient ledger, Rails rails)
{
    public const string Scope = "payments:reconcile";

    private const int MaxNamed = 20;
    private const int MaxAskedAtLedger = 200;
    private const int AskedAtOnce = 8;
    private const int OverdueMinutes = 10;
    private const int AttemptDays = 3;
    private const int StatementHours = 24;

    /// <summary>What has only just happened may be in one of the two books and not in the other yet.</summary>
    private const int StatementMarginMinutes = 2;

    internal sealed record Response(IReadOnlyList<Check> Checks);

    /// <param name="Name">Stable.</param>
    /// <param name="Ok">Whether all is as it should be.</param>
    /// <param name="Expected">A count, or kopecks where the name says so.</param>
    /// <param name="Actual">The same, as it is.</param>
    /// <param name="Details">The first faults, at most <see cref="MaxNamed"/>.</param>
    internal sealed record Check(string Name, bool Ok, long Expected, long Actual, IReadOnlyList<string> Details);

    public static void Map(RouteGroupBuilder routes) =>
        routes.MapGet("/reconciliation", static (GetReconciliation feature, CancellationToken cancellationToken) =>
            feature.RunAsync(cancellationToken));

    public async Task<Response> RunAsync(CancellationToken cancellationToken)
    {
        List<Check> checks =
        [
            await AttemptsAsync(cancellationToken),
            await DebitsAtLedgerAsync(cancellationToken),
            await OverdueAsync(
                "payments_refunds_overdue",
                $"""
                SELECT payment_id::text AS id FROM payments.payment
                WHERE state = 'refunding' AND changed_at < clock_timestamp() - interval '{OverdueMinutes} minutes'
                """, cancellationToken),
            await OverdueAsync(
                "payments_settlements_overdue",
                $"""
                SELECT answer_key AS id FROM messaging.resend
                WHERE answer_key LIKE 'payment-settled:%'
                  AND created_at < clock_timestamp() - interval '{OverdueMinutes} minutes'
                """, cancellationToken),
            await OverdueAsync(
                "payments_contradicted_by_rail",
                """
                SELECT payment_id::text AS id FROM payments.settlement JOIN payments.payment USING (payment_id)
                WHERE contradicted_by IS NOT NULL AND review
                """, cancellationToken),
        ];
        foreach (var mode in Mode.All)
        {
            if (rails.Of(mode) is { } rail)
            {
                checks.Add(await StatementAsync(mode, rail, cancellationToken));
            }
        }

        return new Response(checks);
    }

    /// <summary>
    /// Each debited payment has one posted attempt, each posted attempt such a payment; in kopecks. Of the attempts of
    /// the last days, by their ids, which tell their time: what is older was looked at when it was not.
    /// </summary>
    private async Task<Check> AttemptsAsync(CancellationToken cancellationToken)
    {
        const string sinceSql =
            """
            SELECT rpad(lpad(to_hex((1000 * extract(
                epoch FROM clock_timestamp() - make_interval(days => @AttemptDays)))::bigint), 12, '0'), 32, '0')::uuid
            """;
        const string sumsSql =
            """
            SELECT
                (SELECT coalesce(sum(total_kopecks), 0)::bigint FROM payments.payment WHERE debit_id >= @since),
                (SELECT coalesce(sum(total_kopecks), 0)::bigint
                 FROM payments.attempt JOIN payments.payment USING (payment_id)
                 WHERE attempt_id >= @since AND status = 'posted')
            """;
        const string faultsSql =
            """
            SELECT coalesce(payment.payment_id, attempt.payment_id)::text
            FROM (SELECT * FROM payments.payment WHERE debit_id >= @since) AS payment
            FULL JOIN (SELECT * FROM payments.attempt WHERE attempt_id >= @since AND status = 'posted') AS attempt
                ON attempt.attempt_id = payment.debit_id AND attempt.operation_id = payment.operation_id
            WHERE payment.payment_id IS NULL OR attempt.attempt_id IS NULL
            LIMIT @MaxNamed
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var since = await connection.QuerySingleAsync<Guid>(sinceSql, new { AttemptDays }, cancellationToken);
        var (expected, actual) = await connection.QuerySingleAsync<(long, long)>(
            sumsSql, new { since }, cancellationToken);
        List<string> faults = [.. await connection.QueryAsync<string>(
            faultsSql, new { since, MaxNamed }, cancellationToken)];
        return new Check(
            "payments_attempts_kopecks", expected == actual && faults.Count == 0, expected, actual, faults);
    }

    /// <summary>Ledger has posted what we think it has, and nothing that it refused: of the newest attempts.</summary>
    private async Task<Check> DebitsAtLedgerAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT attempt_id, status FROM payments.attempt
            WHERE status <> 'open' AND closed_at < clock_timestamp() - interval '1 minute'
            ORDER BY attempt_id DESC
            LIMIT @MaxAskedAtLedger
            """;
        List<(Guid Id, string Status)> attempts;
        await using (var connection = await database.OpenAsync(cancellationToken))
        {
            attempts = [.. await connection.QueryAsync<(Guid, string)>(sql, new { MaxAskedAtLedger }, cancellationToken)];
        }

        var faults = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            attempts, new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = cancellationToken },
            async (attempt, token) =>
            {
                var answer = await ledger.FindAsync(attempt.Id, token);
                if (answer is DebitAnswer.Posted != (attempt.Status == "posted") || answer is DebitAnswer.Unknown)
                {
                    faults.Add($"attempt {attempt.Id}: {attempt.Status} here, {answer.GetType().Name} at Ledger");
                }
            });
        return new Check(
            "payments_debits_at_ledger", faults.IsEmpty, attempts.Count, attempts.Count - faults.Count,
            [.. faults.Take(MaxNamed)]);
    }

    private async Task<Check> OverdueAsync(string name, string found, CancellationToken cancellationToken)
    {
        var sql =
            $"""
            WITH found AS ({found})
            SELECT (SELECT count(*) FROM found), ARRAY(SELECT id FROM found ORDER BY id DESC LIMIT {MaxNamed})
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var (actual, named) = await connection.QuerySingleAsync<(long, string[])>(sql, null, cancellationToken);
        return new Check(name, actual == 0, 0, actual, named);
    }

    /// <summary>What was paid, in kopecks: by our books, and by the rail's statement.</summary>
    private async Task<Check> StatementAsync(Mode mode, RailClient rail, CancellationToken cancellationToken)
    {
        var name = $"payments_rail_statement_{mode.Code}_kopecks";
        var (from, until) = await WindowAsync(cancellationToken);
        var margin = TimeSpan.FromMinutes(StatementMarginMinutes);
        if (await rail.StatementAsync(from - margin, until + margin, cancellationToken) is not { } lines)
        {
            return new Check(name, false, 0, 0, ["the rail gave no whole statement"]);
        }

        var payments = await PaymentsAsync(mode, rail, from, until, [.. lines.Keys], cancellationToken);
        var faults = payments.Keys.Union(lines.Keys)
            .Select(id => (Id: id, Fault: FaultOf(id, payments, lines)))
            .Where(found => found.Fault is not null)
            .ToList();
        var expected = payments.Values.Where(payment => payment.State == PaymentState.Completed)
            .Aggregate(Kopecks.Zero, static (sum, payment) => sum + payment.Amount);
        var actual = lines.Where(line => line.Value.Status == "completed")
            .Where(line => payments.GetValueOrDefault(line.Key) is not { State: PaymentState.Confirming })
            .Aggregate(Kopecks.Zero, static (sum, line) => sum + (line.Value.Amount ?? Kopecks.Zero));
        return new Check(
            name, faults.Count == 0, expected.Value, actual.Value,
            [.. faults.Take(MaxNamed).Select(found => $"{found.Id}: {found.Fault}")]);
    }

    private static string? FaultOf(
        Guid id, Dictionary<Guid, StatementPayment> payments, IReadOnlyDictionary<Guid, StatementLine> lines)
    {
        var line = lines.GetValueOrDefault(id);
        return StatementComparison.FaultOf(payments.GetValueOrDefault(id), line?.Status, line?.Amount);
    }

    private async Task<(DateTimeOffset From, DateTimeOffset Until)> WindowAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT clock_timestamp() - make_interval(hours => @StatementHours),
                clock_timestamp() - make_interval(mins => @StatementMarginMinutes)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<(DateTimeOffset, DateTimeOffset)>(
            sql, new { StatementHours, StatementMarginMinutes }, cancellationToken);
    }

    /// <summary>Those that the statement must name, and those that it does name.</summary>
    private async Task<Dictionary<Guid, StatementPayment>> PaymentsAsync(
        Mode mode, RailClient rail, DateTimeOffset from, DateTimeOffset until, Guid[] named,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT payment_id, state, amount_kopecks, settlement.payment_id IS NOT NULL AS by_hand
            FROM payments.payment LEFT JOIN payments.settlement USING (payment_id)
            WHERE mode = @mode AND (payment_id = ANY(@named)
                OR (rail = @rail AND state = 'completed' AND confirmed_at >= @from AND completed_at < @until
                    AND created_at >= @from::timestamptz - interval '1 day'))
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(
            sql, new { mode = mode.Code, rail = rail.Name, from, until, named }, cancellationToken);
        return rows.ToDictionary(
            row => row.PaymentId,
            row => new StatementPayment(row.PaymentId, row.State, row.AmountKopecks, row.ByHand));
    }

    private sealed record Row
    {
        public Guid PaymentId { get; init; }

        public PaymentState State { get; init; }

        public Kopecks AmountKopecks { get; init; }

        public bool ByHand { get; init; }
    }
}
