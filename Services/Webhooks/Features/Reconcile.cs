using ArdorQr.ServiceDefaults.Database;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// GET /internal/reconciliation: what Webhooks owes and hasn't done. A delivery that waits for its next attempt, for an
/// endpoint, or for the end of a rest is no discrepancy; one that was given up is.
/// </summary>
internal static class Reconcile
{
    public const string Scope = "webhooks:reconcile";

    private const int MaxNamed = 20;
    private const int OverdueMinutes = 10;

    internal sealed record Response(IReadOnlyList<Check> Checks);

    /// <param name="Name">Stable.</param>
    /// <param name="Ok">Expected is actual.</param>
    /// <param name="Expected">How many there should be.</param>
    /// <param name="Actual">How many there are.</param>
    /// <param name="Details">The newest of them by id, at most <see cref="MaxNamed"/>.</param>
    internal sealed record Check(string Name, bool Ok, long Expected, long Actual, IReadOnlyList<string> Details);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/reconciliation", HandleAsync).WithName(nameof(Reconcile));

    private static async Task<Response> HandleAsync(
        [FromServices] ServiceDatabase database, CancellationToken cancellationToken) => new(
    [
        await UndeliveredAsync(database, cancellationToken),
        await WithoutDeliveryAsync(database, cancellationToken),
        await OverdueAsync(database, cancellationToken),
    ]);

    /// <summary>
    /// Given up after the last attempt, and neither delivered by another delivery since nor on its way.
    /// </summary>
    private static Task<Check> UndeliveredAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT DISTINCT event_id::text AS id FROM webhooks.delivery
            WHERE status = 'failed' AND NOT EXISTS (
                SELECT FROM webhooks.delivery AS other
                WHERE other.event_id = delivery.event_id AND other.status <> 'failed')
            """;
        return CheckAsync(database, "undelivered_webhooks", sql, cancellationToken);
    }

    /// <summary>An event and its delivery commit together; one without the other was made by nobody of us.</summary>
    private static Task<Check> WithoutDeliveryAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT event_id::text AS id FROM webhooks.event
            WHERE NOT EXISTS (SELECT FROM webhooks.delivery WHERE delivery.event_id = event.event_id)
            """;
        return CheckAsync(database, "webhook_events_without_delivery", sql, cancellationToken);
    }

    /// <summary>Long due to an endpoint that takes attempts, and yet nobody makes them.</summary>
    private static Task<Check> OverdueAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        var sql =
            $"""
            SELECT delivery.id::text AS id
            FROM webhooks.delivery JOIN webhooks.endpoint USING (merchant_id, mode)
            WHERE delivery.status = 'pending' AND endpoint.enabled AND endpoint.url IS NOT NULL
              AND endpoint.failing_since IS NULL AND NOT endpoint.slow
              AND delivery.next_attempt_at < now() - interval '{OverdueMinutes} minutes'
              AND endpoint.updated_at < now() - interval '{OverdueMinutes} minutes'
              AND (delivery.leased_until IS NULL OR delivery.leased_until < now() - interval '{OverdueMinutes} minutes')
            """;
        return CheckAsync(database, "overdue_webhooks", sql, cancellationToken);
    }

    private static async Task<Check> CheckAsync(
        ServiceDatabase database, string name, string found, CancellationToken cancellationToken)
    {
        var sql =
            $"""
            WITH found AS ({found})
            SELECT (SELECT count(*) FROM found) AS actual,
                ARRAY(SELECT id FROM found ORDER BY id DESC LIMIT {MaxNamed}) AS named
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var (actual, named) = await connection.QuerySingleAsync<(long, string[])>(sql, null, cancellationToken);
        return new Check(name, actual == 0, 0, actual, named);
    }
}
