using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
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

    public SealedSecret? Sealed => Secret is null ? null : new SealedSecret(Secret, SecretKeyId!);
}

/// <summary>
/// The locks on an endpoint. Whoever stores a delivery holds the row shared, whoever changes what deliveries depend on
/// holds it alone; both before touching a delivery.
/// </summary>
internal static class EndpointLocks
{
    private const string EnsureSql =
        "INSERT INTO webhooks.endpoint (merchant_id, mode) VALUES (@merchantId, @mode) ON CONFLICT DO NOTHING";

    /// <summary>True if deliveries to it are made now; stays true (or false) until the transaction ends.</summary>
    public static async Task<bool> ShareAsync(
        ServiceTransaction transaction, Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT enabled AND url IS NOT NULL FROM webhooks.endpoint
            WHERE merchant_id = @merchantId AND mode = @mode
            FOR SHARE
            """;
        var owner = new { merchantId, mode };
        if (await transaction.QuerySingleOrDefaultAsync<bool?>(sql, owner, cancellationToken) is { } active)
        {
            return active;
        }

        await transaction.ExecuteAsync(EnsureSql, owner, cancellationToken);
        return await transaction.QuerySingleAsync<bool>(sql, owner, cancellationToken);
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
