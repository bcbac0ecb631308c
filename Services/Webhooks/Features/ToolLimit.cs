using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// How often a merchant may use the tools that make us call its server and tell what it answered: so many times a
/// minute, on all replicas together, so that they are no scanner and no hammer.
/// </summary>
internal sealed class ToolLimit(ServiceDatabase database, IOptions<WebhooksOptions> options)
{
    /// <exception cref="RejectedException">429 rate_limited.</exception>
    public async Task TakeAsync(CallerIdentity caller, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO webhooks.tool_use AS used (merchant_id, mode, minute, uses)
            VALUES (@MerchantId, @Mode, date_trunc('minute', clock_timestamp()), 1)
            ON CONFLICT (merchant_id, mode) DO UPDATE
            SET uses = CASE WHEN used.minute = excluded.minute THEN used.uses + 1 ELSE 1 END, minute = excluded.minute
            WHERE used.minute <> excluded.minute OR used.uses < @max
            RETURNING uses
            """;
        const string waitSql =
            """
            SELECT greatest(ceil(extract(epoch FROM date_trunc('minute', now()) + interval '1 minute' - now())), 1)::integer
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var taken = await connection.QuerySingleOrDefaultAsync<int?>(
            sql, new { caller.MerchantId, caller.Mode, max = options.Value.MaxToolUsesPerMinute }, cancellationToken);
        if (taken is null)
        {
            var wait = await connection.QuerySingleAsync<int>(waitSql, null, cancellationToken);
            throw new RejectedException(CommonErrors.RateLimited with { RetryAfterSeconds = wait });
        }
    }
}
