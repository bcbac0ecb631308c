using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>What an Idempotency-Key belongs to: the same key elsewhere is another one.</summary>
/// <param name="MerchantId">The merchant.</param>
/// <param name="Mode">The world.</param>
/// <param name="Operation">Method and path.</param>
/// <param name="Key">As the client sent it, 1..255 characters.</param>
internal sealed record IdempotencyScope(Guid MerchantId, Mode Mode, string Operation, string Key);

/// <summary>What the table says to a request with a key.</summary>
internal abstract record Reservation
{
    private Reservation()
    {
    }

    /// <summary>Run it, and save the answer under this token. The payment's id stays the same for a takeover.</summary>
    internal sealed record Held(Guid Token, Guid PaymentId) : Reservation;

    internal sealed record Saved(int Status, byte[] Body) : Reservation;

    internal sealed record Running(int RetryAfterSeconds) : Reservation;

    internal sealed record OtherBody : Reservation;
}

/// <summary>The rows of <c>payments.idempotency</c>: reservations with a lease, and answers kept for 30 days.</summary>
internal static class IdempotencyTable
{
    /// <summary>Longer than any request takes; a crashed one's key is free again after it.</summary>
    public const int LeaseSeconds = 20;

    public const int RetentionDays = 30;

    /// <summary>Small enough that no request waits long behind it.</summary>
    public const int CleanUpBatch = 1_000;

    public static async Task<Reservation> ReserveAsync(
        NpgsqlConnection connection, PaymentSeals seals, IdempotencyScope scope, byte[] requestHash, Guid token,
        Guid paymentId, CancellationToken cancellationToken)
    {
        // A fresh key, one past its retention, or one whose holder's lease ran out is taken; the payment's id of a
        // reservation that is taken over stays.
        const string reserveSql =
            """
            INSERT INTO payments.idempotency AS held
                (merchant_id, mode, operation, key, request_hash, payment_id, token, leased_until)
            VALUES (@MerchantId, @mode, @Operation, @Key, @requestHash, @paymentId, @token,
                clock_timestamp() + make_interval(secs => @lease))
            ON CONFLICT (merchant_id, mode, operation, key) DO UPDATE
            SET token = excluded.token, leased_until = excluded.leased_until,
                request_hash = excluded.request_hash,
                payment_id = CASE WHEN held.status IS NULL THEN held.payment_id ELSE excluded.payment_id END,
                created_at = CASE WHEN held.status IS NULL THEN held.created_at ELSE clock_timestamp() END,
                status = NULL, body = NULL, body_key_id = NULL
            WHERE (held.status IS NULL AND held.leased_until <= clock_timestamp()
                   AND held.request_hash = excluded.request_hash)
               OR (held.status IS NOT NULL AND held.created_at <= clock_timestamp() - make_interval(days => @retention))
            RETURNING payment_id
            """;
        const string readSql =
            """
            SELECT request_hash, status, body, body_key_id,
                greatest(1, ceil(extract(epoch FROM leased_until - clock_timestamp())))::integer AS wait_seconds
            FROM payments.idempotency
            WHERE merchant_id = @MerchantId AND mode = @mode AND operation = @Operation AND key = @Key
            """;
        var parameters = new
        {
            scope.MerchantId,
            mode = scope.Mode.Code,
            scope.Operation,
            scope.Key,
            requestHash,
            paymentId,
            token,
            lease = LeaseSeconds,
            retention = RetentionDays,
        };
        var reserved = await connection.QuerySingleOrDefaultAsync<Guid?>(reserveSql, parameters, cancellationToken);
        if (reserved is not null)
        {
            return new Reservation.Held(token, reserved.Value);
        }

        var row = await connection.QuerySingleOrDefaultAsync<Row>(readSql, parameters, cancellationToken);
        return row switch
        {
            null => new Reservation.Running(1), // Released between the two statements: the client's retry will have it.
            _ when !row.RequestHash.AsSpan().SequenceEqual(requestHash) => new Reservation.OtherBody(),
            { Status: { } status, Body: { } body } => new Reservation.Saved(
                status, seals.AnswerOf(scope, status, body, row.BodyKeyId)),
            _ => new Reservation.Running(row.WaitSeconds),
        };
    }

    /// <summary>Locks the reservation until the transaction ends; false when it was taken over.</summary>
    public static async Task<bool> TryLockAsync(
        ServiceTransaction transaction, IdempotencyScope scope, Guid token, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT 1 FROM payments.idempotency
            WHERE merchant_id = @MerchantId AND mode = @mode AND operation = @Operation AND key = @Key
              AND token = @token AND status IS NULL
            FOR UPDATE
            """;
        var held = new { scope.MerchantId, mode = scope.Mode.Code, scope.Operation, scope.Key, token };
        return await transaction.QuerySingleOrDefaultAsync<int?>(sql, held, cancellationToken) is not null;
    }

    /// <summary>Keeps the answer if the reservation is still this holder's; false when it was taken over.</summary>
    public static async Task<bool> TrySaveAsync(
        ServiceTransaction transaction, PaymentSeals seals, IdempotencyScope scope, Guid token, int status, byte[] body,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.idempotency SET status = @status, body = @stored, body_key_id = @keyId
            WHERE merchant_id = @MerchantId AND mode = @mode AND operation = @Operation AND key = @Key
              AND token = @token AND status IS NULL
            """;
        var (stored, keyId) = seals.StoreAnswer(scope, status, body);
        return await transaction.ExecuteAsync(sql, new
        {
            scope.MerchantId,
            mode = scope.Mode.Code,
            scope.Operation,
            scope.Key,
            token,
            status,
            stored,
            keyId,
        }, cancellationToken) == 1;
    }

    /// <summary>Nothing was executed: the key is free for another try.</summary>
    public static Task<int> ReleaseAsync(
        NpgsqlConnection connection, IdempotencyScope scope, Guid token, CancellationToken cancellationToken)
    {
        const string sql =
            """
            DELETE FROM payments.idempotency
            WHERE merchant_id = @MerchantId AND mode = @mode AND operation = @Operation AND key = @Key
              AND token = @token AND status IS NULL
            """;
        var held = new { scope.MerchantId, mode = scope.Mode.Code, scope.Operation, scope.Key, token };
        return connection.ExecuteAsync(sql, held, cancellationToken);
    }

    /// <summary>Forgets one batch of rows past their retention; returns how many.</summary>
    public static Task<int> CleanUpAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql =
            """
            DELETE FROM payments.idempotency
            WHERE ctid IN (
                SELECT ctid FROM payments.idempotency
                WHERE created_at < clock_timestamp() - make_interval(days => @days)
                ORDER BY created_at
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            """;
        return connection.ExecuteAsync(sql, new { days = RetentionDays, limit = CleanUpBatch }, cancellationToken);
    }

    private sealed record Row
    {
        public byte[] RequestHash { get; init; } = [];

        public int? Status { get; init; }

        public byte[]? Body { get; init; }

        public string? BodyKeyId { get; init; }

        public int WaitSeconds { get; init; }
    }
}
