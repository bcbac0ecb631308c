using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>A row of <c>payments.unmatched_transfer</c>, with the payment of its id if there is one.</summary>
internal sealed record UnmatchedTransfer
{
    public Guid TransferId { get; init; }

    public Mode Mode { get; init; } = Mode.Test;

    public string Rail { get; init; } = "";

    public string Status { get; init; } = "";

    public string Fault { get; init; } = "";

    public Kopecks? AmountKopecks { get; init; }

    /// <summary>Null when no payment has this id.</summary>
    public Guid? MerchantId { get; init; }

    public DateTimeOffset FoundAt { get; init; }

    public DateTimeOffset? ClosedAt { get; init; }

    public string? ClosedBy { get; init; }

    public string? CloseReason { get; init; }
}

/// <summary>Transfers at the rail that no payment here explains.</summary>
internal static class UnmatchedTransfers
{
    /// <summary>What the database calls the refusal of an attempt whose code such a transfer holds.</summary>
    public const string Constraint = "payment_unmatched_transfer";

    private const string Columns =
        """
        transfer_id, transfer.mode, transfer.rail, transfer.status, transfer.fault, transfer.amount_kopecks,
        payment.merchant_id, found_at, closed_at, closed_by, close_reason
        """;

    private const string WithPayment =
        """
        payments.unmatched_transfer AS transfer
        LEFT JOIN payments.payment ON payment.payment_id = transfer.transfer_id AND payment.mode = transfer.mode
        """;

    /// <summary>Keeps what the statement says of transfers that nothing explains; the newest word counts.</summary>
    public static Task<int> StoreAsync(
        NpgsqlConnection connection, PaymentSeals seals, Mode mode, string rail,
        IReadOnlyCollection<(Guid Id, string Status, string Fault, Kopecks? Amount, string? Qr)> found,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO payments.unmatched_transfer
                (mode, transfer_id, rail, status, fault, amount_kopecks, qr_canonical, sealed, sealed_key_id, qr_lookup)
            SELECT @mode, id, @rail, status, fault, amount, qr, sealed, CASE WHEN sealed IS NOT NULL THEN @keyId END, lookup
            FROM unnest(@ids, @statuses, @faults, @amounts, @codes, @seals, @lookups)
                AS found (id, status, fault, amount, qr, sealed, lookup)
            ON CONFLICT (mode, transfer_id) DO UPDATE SET status = excluded.status, fault = excluded.fault
            """;
        return connection.ExecuteAsync(sql, new
        {
            mode = mode.Code,
            rail,
            ids = found.Select(transfer => transfer.Id).ToArray(),
            statuses = found.Select(transfer => transfer.Status).ToArray(),
            faults = found.Select(transfer => transfer.Fault).ToArray(),
            amounts = found.Select(transfer => transfer.Amount?.Value).ToArray(),
            codes = found.Select(transfer => seals.IsOn ? null : transfer.Qr).ToArray(),
            seals = found.Select(transfer => transfer.Qr is { } qr && seals.IsOn
                ? seals.SealCode(mode.Code, transfer.Id, qr).Bytes
                : null).ToArray(),
            lookups = found.Select(transfer => transfer.Qr is { } qr && seals.IsOn ? seals.LookupOf(qr) : null).ToArray(),
            keyId = seals.CurrentKeyId,
        }, cancellationToken);
    }

    /// <summary>
    /// Those that wait for an operator, the longest waiting first: not those that the rail never executed, nor those whose
    /// payment has been debited since. These are what holds codes back, and nothing else does.
    /// </summary>
    public static async Task<IReadOnlyList<UnmatchedTransfer>> OpenAsync(
        NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {Columns} FROM {WithPayment}
            WHERE (transfer.mode, transfer.transfer_id) IN (SELECT mode, transfer_id FROM payments.standing_transfer)
            ORDER BY found_at, transfer_id
            LIMIT @limit
            """;
        return [.. await connection.QueryAsync<UnmatchedTransfer>(sql, new { limit }, cancellationToken)];
    }

    /// <summary>An operator has dealt with it; the row as it is then, null when there is none.</summary>
    public static async Task<UnmatchedTransfer?> CloseAsync(
        ServiceTransaction transaction, Guid transferId, string by, string reason, CancellationToken cancellationToken)
    {
        const string closeSql =
            """
            UPDATE payments.unmatched_transfer
            SET closed_at = clock_timestamp(), closed_by = @by, close_reason = @reason
            WHERE transfer_id = @transferId AND closed_at IS NULL
            """;
        await transaction.ExecuteAsync(closeSql, new { transferId, by, reason }, cancellationToken);
        return await transaction.QuerySingleOrDefaultAsync<UnmatchedTransfer>(
            $"SELECT {Columns} FROM {WithPayment} WHERE transfer_id = @transferId", new { transferId }, cancellationToken);
    }
}
