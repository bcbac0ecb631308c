using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Database;

/// <summary>Records what came of an attempt, with all that follows for its delivery and its endpoint, in one transaction.</summary>
internal sealed class AttemptRecords(ServiceDatabase database, TimeProvider time)
{
    /// <summary>False if the lease was lost (or this was recorded before): nothing is changed then.</summary>
    /// <param name="claim">The lease.</param>
    /// <param name="at">When the attempt was begun.</param>
    /// <param name="answer">What came of it.</param>
    /// <param name="wait">Until the next attempt after a failure; null when there is none.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public async Task<bool> TryAddAsync(
        ClaimedDelivery claim, DateTimeOffset at, Answer answer, TimeSpan? wait, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (answer.IsSuccess)
        {
            await EndpointWorksAsync(transaction, claim, answer, cancellationToken);
        }
        else
        {
            await EndpointFailsAsync(transaction, claim, answer, cancellationToken);
        }

        if (!await TryCloseAsync(transaction, claim, answer, wait, cancellationToken))
        {
            return false;
        }

        await AddAttemptAsync(transaction, claim, at, answer, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static Task<int> EndpointWorksAsync(
        ServiceTransaction transaction, ClaimedDelivery claim, Answer answer, CancellationToken cancellationToken)
    {
        // Written on a change only: a busy endpoint's row must not be fought for at every delivery.
        const string sql =
            """
            UPDATE webhooks.endpoint SET failing_since = NULL, unanswered = 0, resting_until = NULL, slow = @slow
            WHERE merchant_id = @MerchantId AND mode = @Mode AND version = @EndpointVersion
              AND (failing_since IS NOT NULL OR slow <> @slow)
            """;
        return transaction.ExecuteAsync(
            sql, new { claim.MerchantId, claim.Mode, claim.EndpointVersion, slow = Circuit.IsSlow(answer) }, cancellationToken);
    }

    /// <summary>An attempt that was begun under other settings says nothing about the present ones: the version tells.</summary>
    private async Task EndpointFailsAsync(
        ServiceTransaction transaction, ClaimedDelivery claim, Answer answer, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint
            SET failing_since = coalesce(failing_since, clock_timestamp()),
                unanswered = CASE
                    WHEN @answered THEN 0
                    WHEN resting_until > clock_timestamp() THEN unanswered -- Of those that were in flight together, one counts.
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
    }

    private static async Task<bool> TryCloseAsync(
        ServiceTransaction transaction, ClaimedDelivery claim, Answer answer, TimeSpan? wait, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.delivery
            SET status = @status, attempts = attempts + 1, url = @Url, leased_until = NULL,
                next_attempt_at = CASE WHEN @status = 'pending' THEN clock_timestamp() + make_interval(secs => @waitSeconds) END,
                delivered_at = CASE WHEN @status = 'delivered' THEN clock_timestamp() END
            WHERE id = @Id AND epoch = @Epoch AND attempts = @Attempts AND status = 'pending'
            """;
        var status = answer.IsSuccess ? "delivered" : wait is null ? "failed" : "pending";
        return await transaction.ExecuteAsync(
            sql, new { claim.Id, claim.Epoch, claim.Attempts, claim.Url, status, waitSeconds = (wait ?? TimeSpan.Zero).TotalSeconds },
            cancellationToken) == 1;
    }

    private static Task<int> AddAttemptAsync(
        ServiceTransaction transaction, ClaimedDelivery claim, DateTimeOffset at, Answer answer, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO webhooks.attempt (delivery_id, number, at, url, response_status, duration_ms, error, response_body)
            VALUES (@Id, @number, @at, @Url, @Status, @durationMs, @Error, @Body)
            """;
        return transaction.ExecuteAsync(sql, new
        {
            claim.Id,
            number = claim.Attempts + 1,
            at,
            claim.Url,
            answer.Status,
            durationMs = (int)answer.Duration.TotalMilliseconds,
            answer.Error,
            answer.Body,
        }, cancellationToken);
    }
}
