using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>An open attempt that recovery takes up.</summary>
internal sealed record DueAttempt
{
    public Guid AttemptId { get; init; }

    public Guid PaymentId { get; init; }

    /// <inheritdoc cref="AttemptTable.MayDebitAsync"/>
    public bool MayDebit { get; init; }
}

/// <summary>The rows of <c>payments.attempt</c>: intents to debit, each with its transfer's id at Ledger.</summary>
internal static class AttemptTable
{
    /// <summary>Ledger has posted it: open → posted.</summary>
    public const string PostSql =
        """
        UPDATE payments.attempt
        SET status = 'posted', operation_id = @operationId, due_at = NULL, closed_at = clock_timestamp()
        WHERE attempt_id = @attemptId
        """;

    /// <summary>How long the confirming request has for itself before recovery takes an open attempt up.</summary>
    public const int FirstRecoverySeconds = 5;

    private const int MaxDoublings = 4;

    /// <summary>Of a payment that the statement calls <c>payment</c>.</summary>
    private const string MayDebitSql =
        """
        (payments.is_known_outside(payment.payment_id)
            OR (payment.expires_at > clock_timestamp() AND NOT payments.is_code_held(payment.payment_id)))
        """;

    /// <summary>
    /// Opens an attempt on a payment that the caller has locked; false when the payment's time is up.
    /// </summary>
    /// <exception cref="PostgresException">
    /// <see cref="PaymentTable.SingleUseConstraint"/>: another payment holds the code;
    /// <see cref="UnmatchedTransfers.Constraint"/>: a transfer at the rail does that no payment explains.
    /// </exception>
    public static async Task<bool> TryOpenAsync(
        ServiceTransaction transaction, Guid paymentId, Guid attemptId, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.payment
            SET open_attempt_id = @attemptId, version = version + 1,
                changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')
            WHERE payment_id = @paymentId AND state = 'resolved' AND open_attempt_id IS NULL
              AND expires_at > clock_timestamp();
            INSERT INTO payments.attempt (attempt_id, payment_id, status, due_at)
            SELECT @attemptId, payment_id, 'open', clock_timestamp() + make_interval(secs => @wait)
            FROM payments.payment WHERE payment_id = @paymentId AND open_attempt_id = @attemptId
            """;
        return await transaction.ExecuteAsync(
            sql, new { paymentId, attemptId, wait = FirstRecoverySeconds }, cancellationToken) > 0;
    }

    /// <summary>
    /// Takes open attempts that are due, and makes each due again later: after 5 s, then doubling up to 80 s.
    /// </summary>
    public static async Task<IReadOnlyList<DueAttempt>> ClaimDueAsync(
        NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE payments.attempt AS attempt
            SET tries = tries + 1,
                due_at = clock_timestamp() + make_interval(secs => @first * power(2, least(tries, @maxDoublings)))
            FROM payments.payment AS payment
            WHERE payment.payment_id = attempt.payment_id AND attempt.attempt_id IN (
                SELECT attempt_id FROM payments.attempt
                WHERE status = 'open' AND due_at <= clock_timestamp()
                ORDER BY due_at
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            RETURNING attempt.attempt_id, attempt.payment_id, {MayDebitSql} AS may_debit
            """;
        return [.. await connection.QueryAsync<DueAttempt>(
            sql, new { limit, first = FirstRecoverySeconds, maxDoublings = MaxDoublings }, cancellationToken)];
    }

    /// <summary>
    /// Whether the debit of an open attempt may be sent: while the payment's time lasts by the database's clock, and no
    /// transfer of another payment was found to hold its code after a restore. What the rail was found to know of must be
    /// debited, however late.
    /// </summary>
    public static Task<bool> MayDebitAsync(
        ServiceTransaction transaction, Guid paymentId, CancellationToken cancellationToken) =>
        transaction.QuerySingleAsync<bool>(
            $"SELECT {MayDebitSql} FROM payments.payment AS payment WHERE payment_id = @paymentId",
            new { paymentId }, cancellationToken);

    /// <summary>The debit was refused: the payment is free for another attempt.</summary>
    public static Task RefuseAsync(
        ServiceTransaction transaction, Guid paymentId, Guid attemptId, CancellationToken cancellationToken) =>
        ReleaseAsync(transaction, paymentId, attemptId, "refused", cancellationToken);

    /// <summary>
    /// The debit was made dead, because another transfer holds the code: the payment is free for another attempt, which
    /// that transfer refuses until it was dealt with.
    /// </summary>
    public static Task GiveUpAsync(
        ServiceTransaction transaction, Guid paymentId, Guid attemptId, CancellationToken cancellationToken) =>
        ReleaseAsync(transaction, paymentId, attemptId, "voided", cancellationToken);

    /// <summary>The debit was made dead, and the payment expires in the same transaction.</summary>
    public static Task VoidAsync(ServiceTransaction transaction, Guid attemptId, CancellationToken cancellationToken) =>
        CloseAsync(transaction, attemptId, "voided", cancellationToken);

    private static async Task ReleaseAsync(
        ServiceTransaction transaction, Guid paymentId, Guid attemptId, string status,
        CancellationToken cancellationToken)
    {
        const string releaseSql =
            """
            UPDATE payments.payment
            SET open_attempt_id = NULL, version = version + 1,
                changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')
            WHERE payment_id = @paymentId AND open_attempt_id = @attemptId
            """;
        await CloseAsync(transaction, attemptId, status, cancellationToken);
        await transaction.ExecuteAsync(releaseSql, new { paymentId, attemptId }, cancellationToken);
    }

    private static Task<int> CloseAsync(
        ServiceTransaction transaction, Guid attemptId, string status, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(
            """
            UPDATE payments.attempt SET status = @status, due_at = NULL, closed_at = clock_timestamp()
            WHERE attempt_id = @attemptId
            """,
            new { attemptId, status }, cancellationToken);
}
