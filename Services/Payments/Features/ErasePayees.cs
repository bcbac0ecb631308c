using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ArdorQr.Payments.Features;

/// <summary>
/// Retention, in batches: of payments whose end is long past, code and payee are erased. The books keep amounts, ids and
/// states, and the hash by which a code that was paid is not paid again. What waits for an operator waits whole.
/// </summary>
internal sealed partial class ErasePayees(
    ServiceDatabase database, IOptions<PaymentsOptions> options, TimeProvider time, ILogger<ErasePayees> logger)
    : RepeatedJob(Interval, "Erasing payees", time, logger)
{
    private const int MaxBatch = 500;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => EraseAsync(cancellationToken);

    /// <summary>Returns how many payments were erased.</summary>
    internal async Task<int> EraseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var (erased, paidDays) = (0, options.Value.PayeeRetentionDays);
        erased += await EraseAsync(connection, "completed", paidDays, cancellationToken);
        erased += await EraseAsync(connection, "failed", paidDays, cancellationToken);
        erased += await EraseAsync(connection, "expired", options.Value.UnpaidRetentionDays, cancellationToken);
        await EraseTransfersAsync(connection, paidDays, cancellationToken);
        if (erased > 0)
        {
            LogErased(erased);
        }

        return erased;
    }

    private static async Task<int> EraseAsync(
        NpgsqlConnection connection, string state, int days, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.payment
            SET payee_name = NULL, payee_bank = NULL, payee_inn = NULL, qr_text = NULL, qr_canonical = NULL,
                single_use_key = NULL,
                single_use_hash = coalesce(single_use_hash, payments.code_hash(single_use_key)),
                sealed = NULL, sealed_key_id = NULL, qr_lookup = NULL, erased_at = clock_timestamp()
            WHERE payment_id IN (
                SELECT payment_id FROM payments.payment
                WHERE erased_at IS NULL AND state IN ('completed', 'failed', 'expired') AND state = @state
                  AND changed_at < clock_timestamp() - make_interval(days => @days) AND NOT review
                ORDER BY changed_at
                LIMIT @MaxBatch
                FOR UPDATE SKIP LOCKED)
            """;
        var erased = 0;
        for (var batch = MaxBatch; batch == MaxBatch; erased += batch)
        {
            batch = await connection.ExecuteAsync(sql, new { state, days, MaxBatch }, cancellationToken);
        }

        return erased;
    }

    private static Task<int> EraseTransfersAsync(NpgsqlConnection connection, int days, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.unmatched_transfer
            SET qr_canonical = NULL, sealed = NULL, sealed_key_id = NULL, qr_lookup = NULL
            WHERE closed_at < clock_timestamp() - make_interval(days => @days)
              AND (qr_canonical IS NOT NULL OR sealed IS NOT NULL)
            """;
        return connection.ExecuteAsync(sql, new { days }, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention: code and payee of {Count} payments were erased")]
    private partial void LogErased(int count);
}
