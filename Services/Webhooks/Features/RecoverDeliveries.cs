using System.Security.Claims;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Webhooks.Database;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// POST /v1/webhooks/recover: after an outage of the receiver, all that failed since a time is sent again: what was
/// given up as new deliveries, what waits for its next attempt at once.
/// </summary>
internal sealed class RecoverDeliveries(ServiceDatabase database, DeliverySignal signal, TimeProvider time)
{
    private const int MaxBatch = 500;
    private const int MaxBatches = 20; // 10,000 a request; the answer says if there is more.

    internal sealed record Request
    {
        public required string? Since { get; init; }
    }

    /// <param name="Resent">Events that were given up and are sent again, each as a new delivery.</param>
    /// <param name="Hastened">Deliveries that had failed, and whose next attempt is made now.</param>
    /// <param name="Complete">False if there is more: call again.</param>
    internal sealed record Response(int Resent, int Hastened, bool Complete);

    private sealed record Failed
    {
        public Guid Id { get; init; }
        public Guid EventId { get; init; }
    }

    internal static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/recover", HandleAsync).WithName(nameof(RecoverDeliveries));

    private static async Task<IResult> HandleAsync(
        HttpContext context, ClaimsPrincipal user, [FromServices] RecoverDeliveries feature,
        [FromServices] ToolLimit limit,
        CancellationToken cancellationToken)
    {
        var caller = WebhookRights.Require(user);
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        var since = ListQuery.Time(request.Since ?? "", "since");
        await limit.TakeAsync(caller, cancellationToken);
        return await feature.ExecuteAsync(caller, since, cancellationToken) is { } response
            ? TypedResults.Json(response, ApiJson.Options, statusCode: StatusCodes.Status202Accepted)
            : WebhookErrors.NotConfigured.ToResult();
    }

    /// <summary>Null without an endpoint.</summary>
    private async Task<Response?> ExecuteAsync(
        CallerIdentity caller, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var (resent, hastened, complete) = (0, 0, false);
        for (var batch = 0; batch < MaxBatches && !complete; batch++)
        {
            await using var transaction = await database.BeginAsync(cancellationToken);
            var endpoint = await EndpointLocks.TakeAsync(
                transaction, caller.MerchantId, caller.Mode, cancellationToken);
            if (endpoint.Url is null)
            {
                return null;
            }

            var again = await ResendAsync(transaction, endpoint, since, cancellationToken);
            var sooner = await HastenAsync(transaction, endpoint, since, cancellationToken);
            await EndRestAsync(transaction, endpoint, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            (resent, hastened, complete) = (resent + again, hastened + sooner, again < MaxBatch && sooner < MaxBatch);
            signal.Wake();
        }

        return new Response(resent, hastened, complete);
    }

    private async Task<int> ResendAsync(
        ServiceTransaction transaction, EndpointRow endpoint, DateTimeOffset since, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT DISTINCT ON (delivery.event_id) delivery.id, delivery.event_id
            FROM webhooks.delivery JOIN webhooks.event USING (event_id)
            WHERE delivery.merchant_id = @MerchantId AND delivery.mode = @Mode AND delivery.status = 'failed'
              AND delivery.created_at >= @since AND event.body IS NOT NULL
              AND NOT EXISTS (
                SELECT FROM webhooks.delivery AS other
                WHERE other.event_id = delivery.event_id AND other.status <> 'failed')
            ORDER BY delivery.event_id, delivery.created_at DESC
            LIMIT @limit
            """;
        var failed = (await transaction.QueryAsync<Failed>(
            sql, new { endpoint.MerchantId, endpoint.Mode, since, limit = MaxBatch }, cancellationToken)).ToList();
        await NewDelivery.AddAllAsync(
            transaction, [.. failed.Select(delivery => (delivery.EventId, delivery.Id))], endpoint.IsActive, time,
            cancellationToken);
        return failed.Count;
    }

    private static Task<int> HastenAsync(
        ServiceTransaction transaction, EndpointRow endpoint, DateTimeOffset since, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.delivery SET next_attempt_at = clock_timestamp()
            WHERE id IN (
                SELECT id FROM webhooks.delivery
                WHERE merchant_id = @MerchantId AND mode = @Mode AND status = 'pending' AND attempts > 0
                  AND created_at >= @since AND next_attempt_at > clock_timestamp()
                  AND (leased_until IS NULL OR leased_until <= clock_timestamp())
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            """;
        return transaction.ExecuteAsync(
            sql, new { endpoint.MerchantId, endpoint.Mode, since, limit = MaxBatch }, cancellationToken);
    }

    /// <summary>The merchant says that its server is back: one attempt tries it now.</summary>
    private static Task<int> EndRestAsync(
        ServiceTransaction transaction, EndpointRow endpoint, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint SET resting_until = NULL
            WHERE merchant_id = @MerchantId AND mode = @Mode AND resting_until IS NOT NULL
            """;
        return transaction.ExecuteAsync(sql, new { endpoint.MerchantId, endpoint.Mode }, cancellationToken);
    }
}
