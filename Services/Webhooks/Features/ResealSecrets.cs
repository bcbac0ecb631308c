using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Moves stored secrets from a retired key to the current one, so that the retired key can be taken from the settings,
/// and erases secrets whose day after a rotation is over.
/// </summary>
internal sealed partial class ResealSecrets(
    ServiceDatabase database, SecretCipher cipher, TimeProvider time, ILogger<ResealSecrets> logger)
    : RepeatedJob(Interval, "Moving secrets to the current key", time, logger)
{
    private const int MaxBatch = 200;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private sealed record Row
    {
        public Guid MerchantId { get; init; }
        public Mode Mode { get; init; } = Mode.Test;
        public byte[] Secret { get; init; } = [];
        public string SecretKeyId { get; init; } = "";
        public byte[]? PreviousSecret { get; init; }
        public string? PreviousSecretKeyId { get; init; }
    }

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await EraseExpiredAsync(cancellationToken);
        await ResealAsync(cancellationToken);
    }

    internal async Task EraseExpiredAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint
            SET previous_secret = NULL, previous_secret_key_id = NULL, previous_secret_until = NULL
            WHERE previous_secret_until <= clock_timestamp()
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, null, cancellationToken);
    }

    /// <summary>Returns how many endpoints' secrets were moved; logs those that can't be opened.</summary>
    internal async Task<int> ResealAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT merchant_id, mode, secret, secret_key_id, previous_secret, previous_secret_key_id
            FROM webhooks.endpoint
            WHERE (merchant_id, mode) > (@merchantId, @mode)
              AND (secret_key_id <> @keyId OR previous_secret_key_id <> @keyId)
            ORDER BY merchant_id, mode
            LIMIT @limit
            """;
        var (moved, unreadable) = (0, 0);
        var after = (Id: Guid.Empty, Mode: "");
        await using var connection = await database.OpenAsync(cancellationToken);
        for (var count = MaxBatch; count == MaxBatch;)
        {
            var rows = (await connection.QueryAsync<Row>(
                sql, new { merchantId = after.Id, mode = after.Mode, keyId = cipher.CurrentKeyId, limit = MaxBatch },
                cancellationToken)).ToList();
            foreach (var row in rows)
            {
                after = (row.MerchantId, row.Mode.Code);
                try
                {
                    moved += await MoveAsync(connection, row, cancellationToken);
                }
                catch (CryptographicException exception)
                {
                    unreadable++;
                    LogUnreadable(row.MerchantId, row.Mode, exception.Message);
                }
            }

            count = rows.Count;
        }

        if (moved + unreadable > 0)
        {
            LogMoved(moved, unreadable);
        }

        return moved;
    }

    /// <summary>
    /// Nothing is changed when the secret was rotated in between: that one is under the current key already.
    /// </summary>
    private Task<int> MoveAsync(Npgsql.NpgsqlConnection connection, Row row, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint
            SET secret = @fresh, secret_key_id = @keyId, previous_secret = @freshPrevious,
                previous_secret_key_id = CASE WHEN previous_secret IS NOT NULL THEN @keyId END
            WHERE merchant_id = @MerchantId AND mode = @Mode AND secret = @Secret
              AND previous_secret IS NOT DISTINCT FROM @PreviousSecret
            """;
        SealedBytes Move(byte[] bytes, string keyId) =>
            cipher.Seal(
                cipher.Open(new SealedBytes(bytes, keyId), row.MerchantId, row.Mode), row.MerchantId, row.Mode);
        return connection.ExecuteAsync(
            sql, new
            {
                row.MerchantId,
                row.Mode,
                row.Secret,
                row.PreviousSecret,
                keyId = cipher.CurrentKeyId,
                fresh = Move(row.Secret, row.SecretKeyId).Bytes,
                freshPrevious = row.PreviousSecret is null
                    ? null
                    : Move(row.PreviousSecret, row.PreviousSecretKeyId!).Bytes,
            }, cancellationToken);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Secrets of {Moved} endpoints are under the current key now; {Unreadable} could not be opened")]
    private partial void LogMoved(int moved, int unreadable);

    [LoggerMessage(Level = LogLevel.Error, Message = "The secret of {MerchantId} in {Mode} can't be opened: {Reason}")]
    private partial void LogUnreadable(Guid merchantId, Mode mode, string reason);
}
