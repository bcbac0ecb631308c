using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Database;

/// <summary>
/// Records what came of attempts, with all that follows for their deliveries and endpoints, in one transaction.
/// </summary>
internal sealed partial class AttemptRecords(
    ServiceDatabase database, TimeProvider time, ILogger<AttemptRecords> logger)
{
    /// <summary>
    /// Returns the deliveries whose attempts are on record now. Where the lease was lost (or the attempt was recorded
    /// before) nothing is changed.
    /// </summary>
    /// <param name="attempts">At most one of a delivery.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public async Task<IReadOnlySet<Guid>> AddAsync(
        IReadOnlyList<FinishedAttempt> attempts, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await LockEndpointsAsync(transaction, attempts, cancellationToken);
        var closed = await CloseAsync(transaction, attempts, cancellationToken);
        foreach (var failed in attempts.Where(
            attempt => closed.Contains(attempt.Claim.Id) && !attempt.Answer.IsSuccess))
        {
            await EndpointFailsAsync(transaction, failed.Claim, failed.Answer, cancellationToken);
        }

        await EndpointsWorkAsync(
            transaction, [.. attempts.Where(attempt => closed.Contains(attempt.Claim.Id) && attempt.Answer.IsSuccess)],
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return closed;
    }

    /// <summary>
    /// Before any delivery, and in one order everywhere: else a change of settings could wait for us, and we for it.
    /// </summary>
    private static async Task LockEndpointsAsync(
        ServiceTransaction transaction, IReadOnlyList<FinishedAttempt> attempts, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT 1 FROM webhooks.endpoint
            JOIN unnest(@merchants, @modes) AS concerned (merchant_id, mode) USING (merchant_id, mode)
            ORDER BY merchant_id, mode
            FOR NO KEY UPDATE OF endpoint
            """;
        var concerned = attempts.Where(attempt => attempt.ConcernsEndpoint)
            .Select(attempt => (attempt.Claim.MerchantId, attempt.Claim.Mode.Code)).Distinct().ToList();
        if (concerned.Count > 0)
        {
            await transaction.QueryAsync<int>(sql, new
            {
                merchants = concerned.Select(endpoint => endpoint.MerchantId).ToArray(),
                modes = concerned.Select(endpoint => endpoint.Code).ToArray(),
            }, cancellationToken);
        }
    }

    private static async Task<IReadOnlySet<Guid>> CloseAsync(
        ServiceTransaction transaction, IReadOnlyList<FinishedAttempt> attempts, CancellationToken cancellationToken)
    {
        // A batch is found by its keys, whatever was planned.
        const string onlyIndexesSql = "SET LOCAL enable_seqscan = off";
        const string sql =
            """
            WITH done AS (
                SELECT * FROM unnest(
                    @ids, @epochs, @attempts, @urls, @statuses, @waits, @ats, @responses, @durations, @errors, @bodies)
                AS done (id, epoch, attempts, url, status, wait, at, response_status, duration_ms, error, response_body)
            ),
            closed AS (
                UPDATE webhooks.delivery
                SET status = done.status, attempts = delivery.attempts + 1, url = done.url, leased_until = NULL,
                    next_attempt_at = CASE WHEN done.status = 'pending'
                        THEN clock_timestamp() + make_interval(secs => done.wait) END,
                    delivered_at = CASE WHEN done.status = 'delivered' THEN clock_timestamp() END
                FROM done
                WHERE delivery.id = done.id AND delivery.epoch = done.epoch AND delivery.attempts = done.attempts
                RETURNING delivery.id
            ),
            added AS (
                INSERT INTO webhooks.attempt (
                    delivery_id, number, at, url, response_status, duration_ms, error, response_body)
                SELECT id, attempts + 1, at, url, response_status, duration_ms, error, response_body
                FROM done JOIN closed USING (id)
            )
            SELECT id FROM closed
            """;
        await transaction.ExecuteAsync(onlyIndexesSql, null, cancellationToken);
        return (await transaction.QueryAsync<Guid>(sql, new
        {
            ids = attempts.Select(attempt => attempt.Claim.Id).ToArray(),
            epochs = attempts.Select(attempt => attempt.Claim.Epoch).ToArray(),
            attempts = attempts.Select(attempt => attempt.Claim.Attempts).ToArray(),
            urls = attempts.Select(attempt => attempt.Claim.Url).ToArray(),
            statuses = attempts.Select(attempt => attempt.Status).ToArray(),
            waits = attempts.Select(attempt => (attempt.Wait ?? TimeSpan.Zero).TotalSeconds).ToArray(),
            ats = attempts.Select(attempt => attempt.At.UtcDateTime).ToArray(),
            responses = attempts.Select(attempt => attempt.Answer.Status).ToArray(),
            durations = attempts.Select(attempt => (int)attempt.Answer.Duration.TotalMilliseconds).ToArray(),
            errors = attempts.Select(attempt => attempt.Answer.Error).ToArray(),
            bodies = attempts.Select(attempt => attempt.Answer.Body).ToArray(),
        }, cancellationToken)).ToHashSet();
    }

    private static async Task EndpointsWorkAsync(
        ServiceTransaction transaction, IReadOnlyList<FinishedAttempt> delivered, CancellationToken cancellationToken)
    {
        // Written on a change only: a busy endpoint's row must not be fought for at every delivery.
        const string sql =
            """
            UPDATE webhooks.endpoint SET failing_since = NULL, unanswered = 0, resting_until = NULL, slow = working.slow
            FROM unnest(@merchants, @modes, @versions, @slows) AS working (merchant_id, mode, version, slow)
            WHERE endpoint.merchant_id = working.merchant_id AND endpoint.mode = working.mode
              AND endpoint.version = working.version
              AND (endpoint.failing_since IS NOT NULL OR endpoint.slow <> working.slow)
            """;
        var working = delivered.GroupBy(
            attempt => (attempt.Claim.MerchantId, attempt.Claim.Mode.Code, attempt.Claim.EndpointVersion))
            .Select(endpoint => (endpoint.Key, Slow: Circuit.IsSlow(endpoint.Last().Answer))).ToList();
        if (working.Count > 0)
        {
            await transaction.ExecuteAsync(sql, new
            {
                merchants = working.Select(endpoint => endpoint.Key.MerchantId).ToArray(),
                modes = working.Select(endpoint => endpoint.Key.Code).ToArray(),
                versions = working.Select(endpoint => endpoint.Key.EndpointVersion).ToArray(),
                slows = working.Select(endpoint => endpoint.Slow).ToArray(),
            }, cancellationToken);
        }
    }

    /// <summary>
    /// An attempt that was begun under other settings says nothing about the present ones: the version tells.
    /// </summary>
    private async Task EndpointFailsAsync(
        ServiceTransaction transaction, ClaimedDelivery claim, Answer answer, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint
            SET failing_since = coalesce(failing_since, clock_timestamp()),
                unanswered = CASE
                    WHEN @answered THEN 0
                    WHEN resting_until > clock_timestamp() THEN unanswered -- Of those in flight together, one counts.
                    ELSE unanswered + 1
                END,
                resting_until = CASE
                    WHEN @answered OR unanswered + 1 < @UnansweredToOpen THEN NULL
                    WHEN resting_until > clock_timestamp() THEN resting_until
                    ELSE clock_timestamp() + make_interval(secs => least(
                        @FirstRestSeconds * 2.0 ^ least(unanswered + 1 - @UnansweredToOpen, 16), @LongestRestSeconds))
                END
            WHERE merchant_id = @MerchantId AND mode = @Mode AND version = @EndpointVersion AND enabled
            RETURNING failing_since <= clock_timestamp() - make_interval(hours => @FailingHours)
            """;
        var failsTooLong = await transaction.QuerySingleOrDefaultAsync<bool?>(
            sql, new
            {
                claim.MerchantId,
                claim.Mode,
                claim.EndpointVersion,
                RetrySchedule.FailingHours,
                answered = answer.Status is not null,
                Circuit.UnansweredToOpen,
                Circuit.FirstRestSeconds,
                Circuit.LongestRestSeconds,
            }, cancellationToken);
        if (failsTooLong is { } tooLong && (tooLong || answer.IsGone))
        {
            await DisableAsync(transaction, claim, answer.IsGone ? "gone" : "failing", cancellationToken);
        }
    }

    private async Task DisableAsync(
        ServiceTransaction transaction, ClaimedDelivery claim, string reason, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint
            SET enabled = false, disabled_reason = @reason, version = version + 1, failing_since = NULL,
                unanswered = 0, resting_until = NULL, updated_at = clock_timestamp()
            WHERE merchant_id = @MerchantId AND mode = @Mode
            """;
        await transaction.ExecuteAsync(sql, new { claim.MerchantId, claim.Mode, reason }, cancellationToken);
        await DeliveryPauses.SetAsync(transaction, claim.MerchantId, claim.Mode, paused: true, cancellationToken);
        var now = time.GetUtcNow();
        transaction.Enqueue(new WebhookEndpointDisabled
        {
            EventId = Guid.CreateVersion7(now),
            CreatedAt = now,
            MerchantId = claim.MerchantId,
            Mode = claim.Mode,
            Reason = reason,
        });
        LogDisabled(claim.MerchantId, claim.Mode, reason);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The endpoint of {MerchantId} in {Mode} is disabled: {Reason}")]
    private partial void LogDisabled(Guid merchantId, Mode mode, string reason);
}
