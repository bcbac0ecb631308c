using ArdorQr.Contracts;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>The statement that stores a new key, wherever it is issued.</summary>
internal static class Keys
{
    /// <summary>Stores the key's hash and hint; returns when it was created.</summary>
    public static Task<DateTimeOffset> InsertAsync(
        ServiceTransaction transaction, Guid id, Guid merchantId, ApiKey key, string? label, IReadOnlyList<string> rights,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO gateway.api_key (id, merchant_id, mode, public_id, key_hash, hint, label, rights)
            VALUES (@id, @merchantId, @mode, @publicId, @hash, @hint, @label, @rights)
            RETURNING created_at
            """;
        return transaction.QuerySingleAsync<DateTimeOffset>(sql, new
        {
            id,
            merchantId,
            mode = key.Mode.Code,
            publicId = key.PublicId,
            hash = key.Hash(),
            hint = key.Hint,
            label,
            rights = rights.ToArray(),
        }, cancellationToken);
    }
}
