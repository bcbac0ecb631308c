using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>A due submission in the hands of one executor, for as long as its epoch is the row's.</summary>
internal sealed record SubmissionClaim
{
    public Guid PaymentId { get; init; }

    public Guid MerchantId { get; init; }

    public long LeaseEpoch { get; init; }

    /// <summary>Turns already taken; 0 means that the rail was never told of this payment.</summary>
    public int Tries { get; init; }

    public bool PastCutOff { get; init; }

    public DateTimeOffset NotAfter { get; init; }

    public string? Traceparent { get; init; }
}

/// <summary>What the rail was last asked to do and what it said, for the row and the timeline.</summary>
/// <param name="Action"><c>submit</c>, <c>ask</c> or <c>cancel</c>; null when nothing could be asked.</param>
/// <param name="Answer">A summary: no body and no secret.</param>
internal sealed record RailWord(string? Action, string Answer)
{
    /// <summary>How long ago, when it isn't recorded at once.</summary>
    public double AgoSeconds { get; init; }

    public const string Submit = "submit";
    public const string Ask = "ask";
    public const string Cancel = "cancel";
}

/// <summary>
/// The rows of <c>payments.submission</c>. A holder is fenced: each of its writes names its epoch, and one that was
/// paused too long finds its row taken and changes nothing.
/// </summary>
internal static class SubmissionTable
{
    /// <summary>A merchant whose payments all wait for a slow rail leaves turns to the others.</summary>
    public const int MaxTurnsPerMerchant = 8;

    /// <summary>
    /// Makes a just confirmed payment due at once, in the hands of the caller for as long as the lease lasts: 0 s leaves
    /// it to whoever claims it. The cut-off counts from the intent: a debit that is found hours later is not sent. Nor is
    /// one whose code another transfer was found to hold after a restore: it is past its cut-off from the beginning.
    /// </summary>
    public const string AddSql =
        $"""
        INSERT INTO payments.submission (
            payment_id, merchant_id, due_at, not_after, review_after, leased_until, traceparent)
        SELECT @PaymentId, @MerchantId, clock_timestamp(),
            created_at + make_interval(secs =>
                CASE WHEN payments.is_code_held(payment_id) THEN 0 ELSE @cutOffSeconds END),
            clock_timestamp() + make_interval(secs => @reviewSeconds),
            clock_timestamp() + make_interval(secs => @leaseSeconds), @traceparent
        FROM payments.attempt WHERE attempt_id = @attemptId
        RETURNING {Columns}
        """;

    /// <summary>How far a claim looks for payments of other merchants.</summary>
    private const int Window = 200;

    private const string Columns =
        """
        payment_id, merchant_id, lease_epoch, tries, not_after <= clock_timestamp() AS past_cut_off, not_after,
        traceparent
        """;

    /// <summary>
    /// Takes due rows that nobody holds, the longest due first, but of no merchant more than its turns allow; other
    /// executors skip them.
    /// </summary>
    /// <param name="connection">An open one.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="leaseSeconds">For how long.</param>
    /// <param name="turns">The turns that run here already, by merchant.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public static async Task<IReadOnlyList<SubmissionClaim>> ClaimAsync(
        NpgsqlConnection connection, int limit, int leaseSeconds, IReadOnlyCollection<KeyValuePair<Guid, int>> turns,
        CancellationToken cancellationToken)
    {
        // What was seen due without a lock is looked at again under it: another executor may have been quicker.
        const string sql =
            $"""
            WITH running AS (
                SELECT merchant_id, turns FROM unnest(@merchants, @counts) AS busy (merchant_id, turns)),
            due AS (
                SELECT payment_id, merchant_id, due_at FROM payments.submission
                WHERE due_at <= clock_timestamp() AND leased_until <= clock_timestamp()
                  AND merchant_id <> ALL(SELECT merchant_id FROM running WHERE turns >= @MaxTurnsPerMerchant)
                ORDER BY due_at
                LIMIT @Window),
            ranked AS (
                SELECT payment_id, due_at, coalesce(turns, 0)
                    + row_number() OVER (PARTITION BY due.merchant_id ORDER BY due_at) AS turn
                FROM due LEFT JOIN running ON running.merchant_id = due.merchant_id),
            taken AS (
                SELECT submission.payment_id FROM payments.submission JOIN ranked USING (payment_id)
                WHERE ranked.turn <= @MaxTurnsPerMerchant
                  AND submission.due_at <= clock_timestamp() AND submission.leased_until <= clock_timestamp()
                ORDER BY ranked.due_at
                LIMIT @limit
                FOR UPDATE OF submission SKIP LOCKED)
            UPDATE payments.submission
            SET lease_epoch = lease_epoch + 1, leased_until = clock_timestamp() + make_interval(secs => @leaseSeconds)
            WHERE payment_id IN (SELECT payment_id FROM taken)
            RETURNING {Columns}
            """;
        return [.. await connection.QueryAsync<SubmissionClaim>(sql, new
        {
            limit,
            leaseSeconds,
            merchants = turns.Select(running => running.Key).ToArray(),
            counts = turns.Select(running => running.Value).ToArray(),
            MaxTurnsPerMerchant,
            Window,
        }, cancellationToken)];
    }

    /// <summary>Takes one row at once, due or not; null when another holds it or the rail's word is final.</summary>
    public static Task<SubmissionClaim?> TakeAsync(
        NpgsqlConnection connection, Guid paymentId, int leaseSeconds, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE payments.submission
            SET lease_epoch = lease_epoch + 1, leased_until = clock_timestamp() + make_interval(secs => @leaseSeconds)
            WHERE payment_id = @paymentId AND due_at IS NOT NULL AND leased_until <= clock_timestamp()
            RETURNING {Columns}
            """;
        return connection.QuerySingleOrDefaultAsync<SubmissionClaim>(
            sql, new { paymentId, leaseSeconds }, cancellationToken);
    }

    /// <summary>
    /// Notes what the turn has heard so far, and holds on for another call to the rail; null when the row was taken by
    /// another.
    /// </summary>
    public static Task<SubmissionClaim?> RenewAsync(
        NpgsqlConnection connection, SubmissionClaim claim, RailWord word, int leaseSeconds,
        CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE payments.submission
            SET leased_until = clock_timestamp() + make_interval(secs => @leaseSeconds),
                last_action = @Action, last_answer = @Answer, last_at = clock_timestamp()
            WHERE payment_id = @PaymentId AND lease_epoch = @LeaseEpoch
            RETURNING {Columns}
            """;
        return connection.QuerySingleOrDefaultAsync<SubmissionClaim>(
            sql, new { claim.PaymentId, claim.LeaseEpoch, word.Action, word.Answer, leaseSeconds }, cancellationToken);
    }

    /// <summary>Notes a turn that another one follows under the same lease; null when the row was taken by another.</summary>
    public static Task<SubmissionClaim?> NoteAsync(
        ServiceTransaction transaction, SubmissionClaim claim, RailWord word, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE payments.submission
            SET tries = tries + 1, last_action = @Action, last_answer = @Answer,
                last_at = clock_timestamp() - make_interval(secs => @AgoSeconds)
            WHERE payment_id = @PaymentId AND lease_epoch = @LeaseEpoch
            RETURNING {Columns}
            """;
        return transaction.QuerySingleOrDefaultAsync<SubmissionClaim>(
            sql, new { claim.PaymentId, claim.LeaseEpoch, word.Action, word.Answer, word.AgoSeconds }, cancellationToken);
    }

    /// <summary>The rail's word is final; false when the row was taken by another.</summary>
    public static async Task<bool> TryFinishAsync(
        ServiceTransaction transaction, SubmissionClaim claim, RailWord word, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.submission
            SET tries = tries + 1, due_at = NULL, leased_until = clock_timestamp(),
                last_action = @Action, last_answer = @Answer, last_at = clock_timestamp()
            WHERE payment_id = @PaymentId AND lease_epoch = @LeaseEpoch
            """;
        return await transaction.ExecuteAsync(
            sql, new { claim.PaymentId, claim.LeaseEpoch, word.Action, word.Answer }, cancellationToken) == 1;
    }

    /// <summary>
    /// The rail is asked again after <paramref name="delaySeconds"/>. Returns whether the review time has passed, or
    /// null when the row was taken by another.
    /// </summary>
    public static Task<bool?> TryPostponeAsync(
        ServiceTransaction transaction, SubmissionClaim claim, RailWord word, int delaySeconds,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.submission
            SET tries = tries + 1, due_at = clock_timestamp() + make_interval(secs => @delaySeconds),
                leased_until = clock_timestamp(), last_action = @Action, last_answer = @Answer,
                last_at = clock_timestamp() - make_interval(secs => @AgoSeconds)
            WHERE payment_id = @PaymentId AND lease_epoch = @LeaseEpoch
            RETURNING review_after <= clock_timestamp()
            """;
        return transaction.QuerySingleOrDefaultAsync<bool?>(sql, new
        {
            claim.PaymentId,
            claim.LeaseEpoch,
            word.Action,
            word.Answer,
            word.AgoSeconds,
            delaySeconds,
        }, cancellationToken);
    }

    /// <summary>A hint that the rail has news: it is asked at once, unless its word is final already.</summary>
    public static Task<int> HastenAsync(
        NpgsqlConnection connection, Guid paymentId, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            """
            UPDATE payments.submission SET due_at = clock_timestamp()
            WHERE payment_id = @paymentId AND due_at > clock_timestamp()
            """,
            new { paymentId }, cancellationToken);
}
