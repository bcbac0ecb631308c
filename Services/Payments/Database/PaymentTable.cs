using ArdorQr.Contracts;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>
/// The statements on <c>payments.payment</c> that several features share. Every change of state is here.
/// </summary>
internal static class PaymentTable
{
    /// <summary>The unique index that lets one payment per mode hold a single-use code.</summary>
    public const string SingleUseConstraint = "payment_single_use";

    // Not before the last change, whatever the clock does: the events of one payment are ordered by it.
    private const string Changed =
        "version = version + 1, changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')";

    /// <summary>
    /// A merchant's payment, locked until the transaction ends; null when it isn't theirs or of another mode.
    /// </summary>
    public static Task<PaymentRow?> LockAsync(
        ServiceTransaction transaction, Guid paymentId, Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {PaymentRow.Columns} FROM payments.payment
            WHERE payment_id = @paymentId AND merchant_id = @merchantId AND mode = @mode
            FOR UPDATE
            """;
        return transaction.QuerySingleOrDefaultAsync<PaymentRow>(
            sql, new { paymentId, merchantId, mode = mode.Code }, cancellationToken);
    }

    /// <summary>Any payment, locked, for work that isn't a merchant's request.</summary>
    public static Task<PaymentRow?> LockAsync(
        ServiceTransaction transaction, Guid paymentId, CancellationToken cancellationToken) =>
        transaction.QuerySingleOrDefaultAsync<PaymentRow>(
            $"SELECT {PaymentRow.Columns} FROM payments.payment WHERE payment_id = @paymentId FOR UPDATE",
            new { paymentId }, cancellationToken);

    /// <summary>A merchant's payment as it is now; null when it isn't theirs or of another mode.</summary>
    public static Task<PaymentRow?> FindAsync(
        NpgsqlConnection connection, Guid paymentId, Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {PaymentRow.Columns} FROM payments.payment
            WHERE payment_id = @paymentId AND merchant_id = @merchantId AND mode = @mode
            """;
        return connection.QuerySingleOrDefaultAsync<PaymentRow>(
            sql, new { paymentId, merchantId, mode = mode.Code }, cancellationToken);
    }

    /// <summary>Whether the payment's time is up, by the database's clock.</summary>
    public static Task<bool> IsLateAsync(
        ServiceTransaction transaction, Guid paymentId, CancellationToken cancellationToken) =>
        transaction.QuerySingleAsync<bool>(
            "SELECT expires_at <= clock_timestamp() FROM payments.payment WHERE payment_id = @paymentId",
            new { paymentId }, cancellationToken);

    /// <summary>resolved → confirming: the open attempt was posted.</summary>
    public const string ConfirmSql =
        $"""
        UPDATE payments.payment
        SET state = 'confirming', debit_id = open_attempt_id, open_attempt_id = NULL, operation_id = @operationId,
            processing_event_id = @processingEventId, confirmed_at = clock_timestamp(), {Changed}
        WHERE payment_id = @PaymentId AND version = @Version
        RETURNING {PaymentRow.Columns}
        """;

    /// <summary>resolved → expired. An open attempt must have been voided in the same transaction.</summary>
    public static Task<PaymentRow> ExpireAsync(
        ServiceTransaction transaction, PaymentRow payment, CancellationToken cancellationToken)
    {
        PaymentStates.Require(payment.State, PaymentState.Expired);
        const string sql =
            $"""
            UPDATE payments.payment SET state = 'expired', open_attempt_id = NULL, {Changed}
            WHERE payment_id = @PaymentId AND version = @Version
            RETURNING {PaymentRow.Columns}
            """;
        return transaction.QuerySingleAsync<PaymentRow>(
            sql, new { payment.PaymentId, payment.Version }, cancellationToken);
    }

    /// <summary>
    /// resolved → expired for all whose time is up. The row itself says that an attempt is open, so that an intent
    /// committed while this statement waits is seen when the row is read again.
    /// </summary>
    public static Task<int> ExpireDueAsync(NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE payments.payment SET state = 'expired', {Changed}
            WHERE payment_id IN (
                SELECT payment_id FROM payments.payment
                WHERE state = 'resolved' AND open_attempt_id IS NULL AND expires_at <= clock_timestamp()
                ORDER BY expires_at
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            """;
        return connection.ExecuteAsync(sql, new { limit }, cancellationToken);
    }

    /// <summary>confirming → completed: the rail's final word.</summary>
    public static Task<ChangedPayment> CompleteAsync(
        ServiceTransaction transaction, PaymentRow payment, Guid outcomeEventId, CancellationToken cancellationToken)
    {
        PaymentStates.Require(payment.State, PaymentState.Completed);
        const string sql =
            $"""
            UPDATE payments.payment
            SET state = 'completed', outcome_event_id = @outcomeEventId, completed_at = clock_timestamp(),
                review = false, review_reason = NULL, {Changed}
            WHERE payment_id = @PaymentId AND version = @Version
            RETURNING {PaymentRow.Columns}
            """;
        return ChangedPayment.ReadAsync(
            transaction, sql, new { payment.PaymentId, payment.Version, outcomeEventId }, cancellationToken);
    }

    /// <summary>confirming → refunding: the rail's final word.</summary>
    public static Task<PaymentRow> RejectAsync(
        ServiceTransaction transaction, PaymentRow payment, string failureReason, Guid outcomeEventId,
        CancellationToken cancellationToken)
    {
        PaymentStates.Require(payment.State, PaymentState.Refunding);
        const string sql =
            $"""
            UPDATE payments.payment
            SET state = 'refunding', failure_reason = @failureReason, outcome_event_id = @outcomeEventId,
                review = false, review_reason = NULL, {Changed}
            WHERE payment_id = @PaymentId AND version = @Version
            RETURNING {PaymentRow.Columns}
            """;
        return transaction.QuerySingleAsync<PaymentRow>(
            sql, new { payment.PaymentId, payment.Version, failureReason, outcomeEventId }, cancellationToken);
    }

    /// <summary>refunding → failed: the money is back.</summary>
    public static Task<ChangedPayment> FailAsync(
        ServiceTransaction transaction, PaymentRow payment, Guid failedEventId, CancellationToken cancellationToken)
    {
        PaymentStates.Require(payment.State, PaymentState.Failed);
        const string sql =
            $"""
            UPDATE payments.payment SET state = 'failed', failed_event_id = @failedEventId, {Changed}
            WHERE payment_id = @PaymentId AND version = @Version
            RETURNING {PaymentRow.Columns}
            """;
        return ChangedPayment.ReadAsync(
            transaction, sql, new { payment.PaymentId, payment.Version, failedEventId }, cancellationToken);
    }

    /// <summary>Asks for a person; the public status stays.</summary>
    public static Task<int> FlagForReviewAsync(
        ServiceTransaction transaction, Guid paymentId, string reason, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE payments.payment SET review = true, review_reason = @reason, {Changed}
            WHERE payment_id = @paymentId AND state = 'confirming' AND review_reason IS DISTINCT FROM @reason
            """;
        return transaction.ExecuteAsync(sql, new { paymentId, reason }, cancellationToken);
    }
}
