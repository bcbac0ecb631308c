using ArdorQr.Contracts;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;
using Npgsql;

namespace ArdorQr.Payments.Features.Recovery;

/// <summary>
/// After a restore: each rail's statement since the restored state is held against our payments. What they don't explain
/// was submitted by what was lost, and waits for an operator.
/// </summary>
internal sealed partial class MatchStatement(
    ServiceDatabase database, Rails rails, PaymentSeals seals, TimeProvider time, ILogger<MatchStatement> logger) : IRecoveryStep
{
    private const int MaxBatch = 1_000;

    /// <summary>So far the rail's clock may be ahead of ours.</summary>
    private static readonly TimeSpan ClockMargin = TimeSpan.FromMinutes(5);

    private readonly HashSet<Guid> _told = [];

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        List<string> silent = [];
        foreach (var mode in Mode.All)
        {
            if (rails.Of(mode) is not { } rail)
            {
                continue;
            }

            var lines = await rail.StatementAsync(from, time.GetUtcNow() + ClockMargin, cancellationToken);
            if (lines is null)
            {
                silent.Add($"the statement of the rail {rail.Name}");
                continue;
            }

            foreach (var batch in lines.Chunk(MaxBatch))
            {
                await MatchAsync(mode, rail.Name, batch, cancellationToken);
            }
        }

        return silent.Count == 0 ? null : string.Join(", ", silent);
    }

    private async Task MatchAsync(
        Mode mode, string rail, KeyValuePair<Guid, StatementLine>[] lines, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var payments = await PaymentsAsync(connection, mode, [.. lines.Select(line => line.Key)], cancellationToken);
        List<(Guid Id, string Status, string Fault, Kopecks? Amount, string? Qr)> found = [];
        foreach (var (id, line) in lines)
        {
            if (StatementComparison.FaultOf(payments.GetValueOrDefault(id), line.Status, line.Amount) is { } fault)
            {
                found.Add((id, line.Status, fault, line.Amount, line.Qr));
            }
        }

        if (found.Count > 0)
        {
            await UnmatchedTransfers.StoreAsync(connection, seals, mode, rail, found, cancellationToken);
            Tell(rail, found.Select(transfer => transfer.Id));
        }
    }

    /// <summary>Each once: the rounds go on.</summary>
    private void Tell(string rail, IEnumerable<Guid> transfers)
    {
        foreach (var transferId in transfers.Where(_told.Add))
        {
            LogFound(rail, transferId);
        }
    }

    private static async Task<Dictionary<Guid, StatementPayment>> PaymentsAsync(
        NpgsqlConnection connection, Mode mode, Guid[] ids, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT payment_id, state, amount_kopecks, settlement.payment_id IS NOT NULL AS by_hand
            FROM payments.payment LEFT JOIN payments.settlement USING (payment_id)
            WHERE mode = @mode AND payment_id = ANY(@ids)
            """;
        var rows = await connection.QueryAsync<Row>(sql, new { mode = mode.Code, ids }, cancellationToken);
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

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "The rail {Rail} names the transfer {TransferId}, which no payment explains; it waits for an operator")]
    private partial void LogFound(string rail, Guid transferId);
}
