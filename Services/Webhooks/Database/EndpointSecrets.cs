using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Domain;
using Npgsql;

namespace ArdorQr.Webhooks.Database;

/// <summary>An endpoint's secrets in the clear: the current one, and the previous one while it is valid.</summary>
internal static class EndpointSecrets
{
    private sealed record Row
    {
        public byte[] Secret { get; init; } = [];
        public string SecretKeyId { get; init; } = "";
        public byte[]? PreviousSecret { get; init; }
        public string? PreviousSecretKeyId { get; init; }
    }

    public static async Task<IReadOnlyList<KnownSecret>> ReadAsync(
        NpgsqlConnection connection, SecretCipher cipher, Guid merchantId, Mode mode,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT secret, secret_key_id, previous_secret_key_id,
                CASE WHEN previous_secret_until > clock_timestamp() THEN previous_secret END AS previous_secret
            FROM webhooks.endpoint
            WHERE merchant_id = @merchantId AND mode = @mode AND secret IS NOT NULL
            """;
        if (await connection.QuerySingleOrDefaultAsync<Row>(
            sql, new { merchantId, mode }, cancellationToken) is not { } row)
        {
            return [];
        }

        var current = new KnownSecret(
            cipher.Open(new SealedBytes(row.Secret, row.SecretKeyId), merchantId, mode), "current");
        return row.PreviousSecret is null
            ? [current]
            :
            [
                current,
                new(
                    cipher.Open(new SealedBytes(row.PreviousSecret, row.PreviousSecretKeyId!), merchantId, mode),
                    "previous"),
            ];
    }
}
