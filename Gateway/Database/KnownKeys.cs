using ArdorQr.Contracts;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Gateway.Database;

/// <summary>
/// Keys by their public ids: from memory while nothing about them has changed, otherwise by one indexed statement.
/// Ids that don't exist are remembered apart, so that a flood of made-up keys can't push out real ones.
/// </summary>
internal sealed class KnownKeys(ServiceDatabase database, ChangeWatch changes)
{
    private const int GenerationOfKnown = 50_000;
    private const int GenerationOfUnknown = 5_000;

    private readonly GenerationCache<string, Remembered> _known = new(GenerationOfKnown);
    private readonly GenerationCache<string, Remembered> _unknown = new(GenerationOfUnknown);

    /// <summary>The key with its merchant, true to within a second, or null if there is none.</summary>
    /// <exception cref="TimeoutException">The database had to be asked and didn't answer.</exception>
    public async ValueTask<KnownKey?> FindAsync(ApiKey key, CancellationToken cancellationToken)
    {
        await changes.EnsureFreshAsync(cancellationToken);
        var publicId = key.PublicId;
        if (_known.TryGet(publicId, out var known) && changes.IsCurrent(known.Key!.Merchant.Id, known.Version))
        {
            return known.Key;
        }

        if (_unknown.TryGet(publicId, out var unknown) && unknown.Version >= changes.Version)
        {
            return null;
        }

        var found = await LoadAsync(publicId, cancellationToken);
        (found.Key is null ? _unknown : _known).Set(publicId, found);
        return found.Key;
    }

    /// <summary>As <see cref="FindAsync"/>, from memory alone: null also for a key that would have to be looked up.</summary>
    public KnownKey? FindRemembered(ApiKey key) =>
        changes.IsFresh && _known.TryGet(key.PublicId, out var known)
        && changes.IsCurrent(known.Key!.Merchant.Id, known.Version)
            ? known.Key
            : null;

    /// <summary>Version and row are of one snapshot: a change that commits meanwhile outdates this row.</summary>
    private async Task<Remembered> LoadAsync(string publicId, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT change.version, key.id AS key_id, key.mode, key.key_hash, key.rights, key.revoked_at,
                   key.allowed_ips, key.max_payment_kopecks, key.budget_ids, key.budget_kopecks,
                   merchant.id, merchant.number, merchant.name, merchant.status, merchant.created_at
            FROM gateway.change
            LEFT JOIN gateway.api_key AS key ON key.public_id = @publicId
            LEFT JOIN gateway.merchant ON merchant.id = key.merchant_id
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleAsync<Row>(sql, new { publicId }, cancellationToken);
        return new Remembered(row.Version, row.KeyId is { } keyId ? row.ToKey(keyId) : null);
    }

    private sealed record Remembered(long Version, KnownKey? Key);

    private sealed record Row
    {
        public long Version { get; init; }
        public Guid? KeyId { get; init; }
        public Mode? Mode { get; init; }
        public byte[]? KeyHash { get; init; }
        public string[]? Rights { get; init; }
        public string[]? AllowedIps { get; init; }
        public long? MaxPaymentKopecks { get; init; }
        public Guid[]? BudgetIds { get; init; }
        public long[]? BudgetKopecks { get; init; }
        public DateTimeOffset? RevokedAt { get; init; }
        public Guid Id { get; init; }
        public long Number { get; init; }
        public string Name { get; init; } = "";
        public string Status { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }

        public KnownKey ToKey(Guid keyId)
        {
            var grant = Keys.GrantOf(Rights!, AllowedIps, MaxPaymentKopecks, BudgetIds!, BudgetKopecks!);
            return new(
                new CallerIdentity(Id, Number, Mode!, keyId, grant.Permissions) { Limits = grant.Limits },
                grant,
                new MerchantRow { Id = Id, Number = Number, Name = Name, Status = Status, CreatedAt = CreatedAt },
                KeyHash!,
                RevokedAt);
        }
    }
}
