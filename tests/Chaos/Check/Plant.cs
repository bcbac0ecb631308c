using ArdorQr.Chaos.Hosting;

namespace ArdorQr.Chaos.Check;

/// <summary>Falsifies what came of a run, past the platform, so that it is seen whether the checker finds it.</summary>
internal static class Plant
{
    public const string DoubleRefund = "double-refund";
    public const string LostEvent = "lost-event";
    public const string DoubleSubmit = "double-submit";

    public static IReadOnlyList<string> Names { get; } = [LostEvent, DoubleSubmit, DoubleRefund];

    /// <summary>The kind of the breach that must come of it.</summary>
    public static string BreachOf(string plant) => plant switch
    {
        LostEvent => "event",
        DoubleSubmit => "rail",
        DoubleRefund => "wallet",
        _ => throw new ArgumentOutOfRangeException(nameof(plant), plant, "There is no such plant."),
    };

    /// <summary>In the databases; a lost event is only taken from the receipts.</summary>
    public static Task PlantAsync(House house, string plant, CancellationToken cancellationToken) => plant switch
    {
        DoubleSubmit => house.Truth.ExecuteAsync(SandboxTruth.Database, DoubleSubmitSql, cancellationToken),
        DoubleRefund => house.Postgres.ExecuteAsync("ledger", DoubleRefundSql, cancellationToken),
        _ => Task.CompletedTask,
    };

    /// <summary>All deliveries of one event are forgotten.</summary>
    public static Evidence WithoutAnEvent(Evidence evidence)
    {
        var lost = evidence.Receipts.First(receipt => receipt.Type == "payment.completed").EventId;
        return evidence with { Receipts = [.. evidence.Receipts.Where(receipt => receipt.EventId != lost)] };
    }

    private const string DoubleSubmitSql =
        """
        INSERT INTO sandbox.rail_transfer (transfer_id, request, code_key, amount_kopecks, first_seen_at)
        SELECT gen_random_uuid(), request, code_key, amount_kopecks, clock_timestamp()
        FROM sandbox.rail_transfer WHERE first_seen_at IS NOT NULL ORDER BY transfer_id LIMIT 1
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
