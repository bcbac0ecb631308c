using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Database;

/// <summary>A row of <c>webhooks.endpoint</c>: where one merchant's events of one mode go.</summary>
internal sealed record EndpointRow
{
    public Guid MerchantId { get; init; }
    public Mode Mode { get; init; } = Mode.Test;
    public string? Url { get; init; }
    public bool Enabled { get; init; }
    public byte[]? Secret { get; init; }
    public string? SecretKeyId { get; init; }
    public byte[]? PreviousSecret { get; init; }
    public string? PreviousSecretKeyId { get; init; }
    public DateTimeOffset? PreviousSecretUntil { get; init; }
    public long Version { get; init; }

    /// <summary>Deliveries to it are made, not paused.</summary>
    public bool IsActive => Enabled && Url is not null;

    public SealedBytes? Sealed => Secret is null ? null : new SealedBytes(Secret, SecretKeyId!);
}

/// <summary>An endpoint as whoever stores an event for it needs it.</summary>
internal sealed record SharedEndpoint
{
    public string? Url { get; init; }
    public bool Enabled { get; init; }
    public byte[]? Secret { get; init; }
    public string? SecretKeyId { get; init; }

    /// <summary>The secret before the last rotation while it is valid.</summary>
    public byte[]? PreviousSecret { get; init; }

    public string? PreviousSecretKeyId { get; init; }
    public long Version { get; init; }

    /// <summary>It fails or is slow.</summary>
    public bool IsTroubled { get; init; }

    /// <summary>It is left alone for a while.</summary>
    public bool IsResting { get; init; }

    /// <summary>Deliveries to it are made, not paused.</summary>
    public bool IsActive => Enabled && Url is not null;
}

/// <summary>
/// The locks on an endpoint. Whoever stores a delivery holds the row shared, whoever changes what deliveries depend on
/// holds it alone; both before touching a delivery.
/// </summary>
internal static class EndpointLocks
{
    private const string EnsureSql =
        "INSERT INTO webhooks.endpoint (merchant_id, mode) VALUES (@merchantId, @mode) ON CONFLICT DO NOTHING";

    /// <summary>The row, made when missing; stays as it is until the transaction ends.</summary>
    public static async Task<SharedEndpoint> ShareAsync(
        ServiceTransaction transaction, Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT url, enabled, secret, secret_key_id, previous_secret_key_id, version,
                CASE WHEN previous_secret_until > clock_timestamp() THEN previous_secret END AS previous_secret,
                failing_since IS NOT NULL OR slow OR unanswered > 0 AS is_troubled,
                coalesce(resting_until > clock_timestamp(), false) AS is_resting
            FROM webhooks.endpoint
            WHERE merchant_id = @merchantId AND mode = @mode
            FOR SHARE
            """;
        var owner = new { merchantId, mode };
        if (await transaction.QuerySingleOrDefaultAsync<SharedEndpoint>(sql, owner, cancellationToken) is { } found)
        {
            return found;
        }

        await transaction.ExecuteAsync(EnsureSql, owner, cancellationToken);
        return await transaction.QuerySingleAsync<SharedEndpoint>(sql, owner, cancellationToken);
    }

    /// <summary>The row, made when missing, changed by nobody else until the transaction ends.</summary>
    public static async Task<EndpointRow> TakeAsync(
        ServiceTransaction transaction, Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT merchant_id, mode, url, enabled, secret, secret_key_id,
                previous_secret, previous_secret_key_id, previous_secret_until, version
            FROM webhooks.endpoint
            WHERE merchant_id = @merchantId AND mode = @mode
            FOR NO KEY UPDATE
            """;
        var owner = new { merchantId, mode };
        await transaction.ExecuteAsync(EnsureSql, owner, cancellationToken);
        return await transaction.QuerySingleAsync<EndpointRow>(sql, owner, cancellationToken);
    }
}
