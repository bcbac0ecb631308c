using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Chaos.Check;

/// <summary>Falsifies what came of a run, past the platform, so that it is seen whether the checker finds it.</summary>
internal static class Plant
{
    public const string DoubleRefund = "double-refund";
    public const string LostEvent = "lost-event";
    public const string DoubleSubmit = "double-submit";

    private const long LostAmountMinor = 100_00;
    private const int PlantLimitSeconds = 60;

    /// <summary>In the order in which they can follow each other: the first one needs a platform that works on.</summary>
    public static IReadOnlyList<string> Names { get; } = [LostEvent, DoubleSubmit, DoubleRefund];

    /// <summary>The kind of the breach that must come of it.</summary>
    public static string BreachOf(string plant) => plant switch
    {
        LostEvent => EventCheck.Kind,
        DoubleSubmit => CodeCheck.Kind,
        DoubleRefund => "wallet",
        _ => throw new ArgumentOutOfRangeException(nameof(plant), plant, "There is no such plant."),
    };

    /// <exception cref="InvalidOperationException">The run has nothing that it could falsify.</exception>
    public static Task PlantAsync(ChaosRun run, string plant, CancellationToken cancellationToken) => plant switch
    {
        LostEvent => LoseEventAsync(run, cancellationToken),
        DoubleSubmit => SubmitTwiceAsync(run, cancellationToken),
        DoubleRefund => run.House.Postgres.ExecuteAsync("ledger", DoubleRefundSql, cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(plant), plant, "There is no such plant."),
    };

    /// <summary>
    /// One more payment completes, and Webhooks loses the event of it before a delivery of it is taken: its first
    /// attempt is refused, and before the second one all of it is deleted.
    /// </summary>
    private static async Task LoseEventAsync(ChaosRun run, CancellationToken cancellationToken)
    {
        var refused = run.Receiver.Refuse("payment.completed");
        var payment = await run.PayOnceAsync(LostAmountMinor, cancellationToken);
        await using var connection = await run.House.Postgres.OpenAsync("webhooks", cancellationToken);
        await Eventually.TrueAsync(
            async () => refused.TryGetValue($"{payment}", out var lost)
                && await IsAttemptedAsync(connection, lost, cancellationToken),
            cancellationToken, PlantLimitSeconds, () => $"No attempt to tell of {payment} is recorded.");
        await using var command = new NpgsqlCommand(LoseEventSql, connection);
        command.Parameters.AddWithValue("event", refused[$"{payment}"]);
        await command.ExecuteNonQueryAsync(cancellationToken);
        run.Receiver.Refuse(null);
    }

    private static async Task<bool> IsAttemptedAsync(
        NpgsqlConnection connection, Guid eventId, CancellationToken cancellationToken)
    {
        const string sql = "SELECT EXISTS (SELECT FROM webhooks.delivery WHERE event_id = @event AND attempts > 0)";
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue("event", eventId);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>
    /// A payment that was refused as a duplicate comes to the rail all the same: ordered, confirmed and of the right sum,
    /// so that it is wrong only in that its code is paid already.
    /// </summary>
    private static async Task SubmitTwiceAsync(ChaosRun run, CancellationToken cancellationToken)
    {
        var truth = await SandboxTruth.ReadAsync(run.House, cancellationToken);
        var paid = truth.Rail.Where(transfer => transfer.Status == "completed").Select(transfer => transfer.Id).ToHashSet();
        var winners = run.Journal.Payments.Where(payment => payment.Id is { } id && paid.Contains(id))
            .ToLookup(payment => payment.Code, payment => payment.Id!.Value);
        var loser = run.Journal.Payments.FirstOrDefault(payment =>
                payment is { IsDuplicate: true, IsConfirmed: false } && winners.Contains(payment.Code))
            ?? throw new InvalidOperationException("No payment lost a race for a code: there is nothing to submit twice.");
        await using var connection = await run.House.Truth.OpenAsync(SandboxTruth.Database, cancellationToken);
        await using var command = new NpgsqlCommand(DoubleSubmitSql, connection);
        command.Parameters.AddWithValue("winner", winners[loser.Code].First());
        command.Parameters.AddWithValue("loser", loser.Id!.Value);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string LoseEventSql =
        """
        DELETE FROM webhooks.attempt WHERE delivery_id IN (SELECT id FROM webhooks.delivery WHERE event_id = @event);
        DELETE FROM webhooks.delivery WHERE event_id = @event;
        DELETE FROM webhooks.event WHERE event_id = @event;
        """;

    private const string DoubleSubmitSql =
        """
        INSERT INTO sandbox.rail_transfer (transfer_id, request, code_key, amount_kopecks, first_seen_at)
        SELECT @loser, request, code_key, amount_kopecks, clock_timestamp()
        FROM sandbox.rail_transfer WHERE transfer_id = @winner
        """;

    /// <summary>
    /// A wallet's last refund once more, whole and balanced, by somebody who may switch the constraints off: only the
    /// hashes can't be had.
    /// </summary>
    private const string DoubleRefundSql =
        """
        SET session_replication_role = replica;
        DROP INDEX ledger.transfer_one_closing_per_debit;
        DO $$
        DECLARE
            refund  ledger.transfer;
            purse   ledger.wallet;
            new_id  uuid := gen_random_uuid();
            sum     bigint;
        BEGIN
            SELECT * INTO STRICT refund FROM ledger.transfer WHERE kind = 'refund' ORDER BY created_at DESC LIMIT 1;
            SELECT * INTO STRICT purse FROM ledger.wallet
            WHERE merchant_id = refund.merchant_id AND mode = refund.mode FOR UPDATE;
            sum := refund.total_kopecks;
            INSERT INTO ledger.transfer SELECT (jsonb_populate_record(refund, jsonb_build_object(
                'transfer_id', new_id, 'operation_id', gen_random_uuid(), 'answer_event_id', gen_random_uuid()))).*;
            INSERT INTO ledger.entry
            SELECT (jsonb_populate_record(entry, jsonb_build_object('transfer_id', new_id)
                || CASE WHEN entry.sequence IS NULL THEN '{}' ELSE jsonb_build_object(
                    'operation_id', gen_random_uuid(), 'sequence', purse.last_sequence + 1,
                    'balance_after_kopecks', purse.balance_kopecks + sum,
                    'created_at', purse.last_entry_at + interval '1 millisecond') END)).*
            FROM ledger.entry WHERE entry.transfer_id = refund.transfer_id;
            UPDATE ledger.wallet SET balance_kopecks = purse.balance_kopecks + sum, last_sequence = purse.last_sequence + 1,
                last_entry_at = purse.last_entry_at + interval '1 millisecond'
            WHERE account_id = purse.account_id;
        END
        $$;
        """;
}
