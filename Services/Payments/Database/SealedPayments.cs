using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Sealing;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>Payments' payees and codes as they are stored, for moving them under another key.</summary>
internal static class SealedPayments
{
    public const string Columns =
        """
        payment_id, payee_name, payee_bank, payee_inn, qr_text, qr_canonical, single_use_key, sealed, sealed_key_id
        """;

    internal sealed record Row
    {
        public Guid PaymentId { get; init; }

        public string? PayeeName { get; init; }

        public string? PayeeBank { get; init; }

        public string? PayeeInn { get; init; }

        public string? QrText { get; init; }

        public string? QrCanonical { get; init; }

        public string? SingleUseKey { get; init; }

        public byte[]? Sealed { get; init; }

        public string? SealedKeyId { get; init; }

        /// <summary>Null when it is sealed.</summary>
        public PaymentDetails? Plain => PayeeName is null
            ? null
            : new PaymentDetails(PayeeName, PayeeBank, PayeeInn, QrText!, QrCanonical!);

        public SealedBytes SealedBytes => new(Sealed!, SealedKeyId!);
    }

    /// <summary>Of the next payments by id, those under other keys, and where to go on; null when these were the last.</summary>
    public static async Task<(IReadOnlyList<Row> Rows, Guid? Next)> NextOfOtherKeysAsync(
        NpgsqlConnection connection, Guid after, int slice, string keyId, CancellationToken cancellationToken)
    {
        const string lastSql =
            """
            SELECT payment_id FROM payments.payment WHERE payment_id > @after
            ORDER BY payment_id OFFSET @slice - 1 LIMIT 1
            """;
        const string sql =
            $"""
            SELECT {Columns} FROM payments.payment
            WHERE payment_id > @after AND (@last::uuid IS NULL OR payment_id <= @last) AND sealed_key_id <> @keyId
            ORDER BY payment_id
            """;
        var last = await connection.QuerySingleOrDefaultAsync<Guid?>(lastSql, new { after, slice }, cancellationToken);
        var rows = await connection.QueryAsync<Row>(sql, new { after, last, keyId }, cancellationToken);
        return ([.. rows], last);
    }

    /// <summary>Stores the fresh form of rows that are still as they were read and in nobody's hands; returns how many.</summary>
    public static async Task<int> ReplaceAsync(
        NpgsqlConnection connection, IReadOnlyCollection<(Row Row, StoredDetails Fresh)> rows,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.payment
            SET payee_name = NULL, payee_bank = NULL, payee_inn = NULL, qr_text = NULL, qr_canonical = NULL,
                single_use_key = NULL,
                single_use_hash = coalesce(single_use_hash, payments.code_hash(single_use_key)),
                sealed = fresh.sealed, sealed_key_id = @keyId, qr_lookup = fresh.lookup
            FROM unnest(@ids, @old, @sealed, @lookups) AS fresh (id, old, sealed, lookup)
            WHERE payment.payment_id = fresh.id AND payment.erased_at IS NULL
              AND payment.sealed IS NOT DISTINCT FROM fresh.old
              AND payment.payment_id IN (
                SELECT payment_id FROM payments.payment WHERE payment_id = ANY(@ids)
                FOR UPDATE SKIP LOCKED)
            """;
        return rows.Count == 0 ? 0 : await connection.ExecuteAsync(sql, new
        {
            ids = rows.Select(row => row.Row.PaymentId).ToArray(),
            old = rows.Select(row => row.Row.Sealed).ToArray(),
            @sealed = rows.Select(row => row.Fresh.Sealed!.Bytes).ToArray(),
            lookups = rows.Select(row => row.Fresh.QrLookup).ToArray(),
            keyId = rows.First().Fresh.Sealed!.KeyId,
        }, cancellationToken);
    }
}
