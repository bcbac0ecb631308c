using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Sealing;
using Npgsql;

namespace ArdorQr.Payments.Features;

/// <summary>
/// Seals what is stored in the clear, and moves what is sealed under a retired key to the current one, so that the
/// retired key can be taken from the settings. Row by row nothing but its form changes.
/// </summary>
internal sealed partial class SealRows(
    ServiceDatabase database, PaymentSeals seals, TimeProvider time, ILogger<SealRows> logger)
    : RepeatedJob(Interval, "Sealing rows", time, logger)
{
    /// <summary>Small enough that no confirmation waits long for one of its rows.</summary>
    private const int MaxBatch = 200;

    /// <summary>How many rows are looked through at a time for those under a retired key.</summary>
    private const int MaxSlice = 2_000;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => SealAsync(cancellationToken);

    /// <summary>
    /// Returns how many rows were moved, and how many were left: held by another, or not to be opened. While nothing may
    /// be sealed, nothing is.
    /// </summary>
    internal async Task<(int Moved, int Left)> SealAsync(CancellationToken cancellationToken)
    {
        if (!seals.IsOn)
        {
            return (0, 0);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        (int Moved, int Left)[] parts =
        [
            await SealPaymentsAsync(connection, cancellationToken),
            await SealAnswersAsync(connection, cancellationToken),
            await SealTransfersAsync(connection, cancellationToken),
        ];
        var (moved, left) = (parts.Sum(part => part.Moved), parts.Sum(part => part.Left));
        if (moved + left > 0)
        {
            LogMoved(moved, left);
        }

        return (moved, left);
    }

    private async Task<(int Moved, int Left)> SealPaymentsAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string plainSql =
            $"""
            SELECT {SealedPayments.Columns} FROM payments.payment
            WHERE sealed IS NULL AND erased_at IS NULL AND payment_id > @after
            ORDER BY payment_id
            LIMIT @MaxBatch
            """;
        var (moved, left) = (0, 0);
        var after = Guid.Empty;
        for (var count = MaxBatch; count == MaxBatch;)
        {
            List<SealedPayments.Row> rows =
                [.. await connection.QueryAsync<SealedPayments.Row>(plainSql, new { after, MaxBatch }, cancellationToken)];
            Add(await MoveAsync(connection, rows, cancellationToken));
            count = rows.Count;
            after = count > 0 ? rows[^1].PaymentId : after;
        }

        for (Guid? next = seals.HasRetiredKeys ? Guid.Empty : null; next is not null;)
        {
            (var rows, next) = await SealedPayments.NextOfOtherKeysAsync(
                connection, next.Value, MaxSlice, seals.CurrentKeyId, cancellationToken);
            foreach (var batch in rows.Chunk(MaxBatch))
            {
                Add(await MoveAsync(connection, batch, cancellationToken));
            }
        }

        return (moved, left);

        void Add((int Moved, int Left) part) => (moved, left) = (moved + part.Moved, left + part.Left);
    }

    private async Task<(int Moved, int Left)> MoveAsync(
        NpgsqlConnection connection, IReadOnlyCollection<SealedPayments.Row> rows, CancellationToken cancellationToken)
    {
        List<(SealedPayments.Row Row, StoredDetails Fresh)> fresh = [];
        foreach (var row in rows)
        {
            if (TryOpen(
                $"payment {row.PaymentId}", () => row.Plain ?? seals.Open(row.PaymentId, row.SealedBytes)) is { } details)
            {
                fresh.Add((row, seals.Sealed(row.PaymentId, details, row.SingleUseKey)));
            }
        }

        var moved = await SealedPayments.ReplaceAsync(connection, fresh, cancellationToken);
        return (moved, rows.Count - moved);
    }

    /// <summary>Answers are kept for 30 days: those in the clear are in an index of their own, the rest are looked through.</summary>
    private async Task<(int Moved, int Left)> SealAnswersAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var (moved, left) = (0, 0);
        SealedAnswers.Row? after = null;
        for (var isThrough = false; !isThrough;)
        {
            var rows = await SealedAnswers.NextAsync(
                connection, after, MaxBatch, seals.HasRetiredKeys, seals.CurrentKeyId, cancellationToken);
            List<(SealedAnswers.Row Row, byte[] Body)> fresh = [];
            foreach (var row in rows)
            {
                if (TryOpen("a kept answer", () => seals.AnswerOf(row.Scope, row.Status, row.Body, row.BodyKeyId)) is { } body)
                {
                    fresh.Add((row, seals.StoreAnswer(row.Scope, row.Status, body).Body));
                }
            }

            var count = await SealedAnswers.ReplaceAsync(connection, fresh, seals.CurrentKeyId, cancellationToken);
            (moved, left) = (moved + count, left + rows.Count - count);
            isThrough = rows.Count < MaxBatch;
            after = rows.Count > 0 ? rows[^1] : after;
        }

        return (moved, left);
    }

    /// <summary>Few: they are there after a restore only.</summary>
    private async Task<(int Moved, int Left)> SealTransfersAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT mode, transfer_id, qr_canonical, sealed, sealed_key_id FROM payments.unmatched_transfer
            WHERE qr_canonical IS NOT NULL OR sealed_key_id <> @CurrentKeyId
            """;
        const string moveSql =
            """
            UPDATE payments.unmatched_transfer
            SET qr_canonical = NULL, sealed = @fresh, sealed_key_id = @CurrentKeyId, qr_lookup = @lookup
            WHERE mode = @Mode AND transfer_id = @TransferId AND sealed IS NOT DISTINCT FROM @Sealed::bytea
              AND qr_canonical IS NOT DISTINCT FROM @QrCanonical::text
            """;
        List<Transfer> rows = [.. await connection.QueryAsync<Transfer>(sql, new { seals.CurrentKeyId }, cancellationToken)];
        var moved = 0;
        foreach (var row in rows)
        {
            if (TryOpen($"transfer {row.TransferId}", () => row.QrCanonical
                ?? seals.CodeOf(row.Mode, row.TransferId, new SealedBytes(row.Sealed!, row.SealedKeyId!))) is { } qr)
            {
                moved += await connection.ExecuteAsync(moveSql, new
                {
                    row.Mode,
                    row.TransferId,
                    row.Sealed,
                    row.QrCanonical,
                    fresh = seals.SealCode(row.Mode, row.TransferId, qr).Bytes,
                    lookup = seals.LookupOf(qr),
                    seals.CurrentKeyId,
                }, cancellationToken);
            }
        }

        return (moved, rows.Count - moved);
    }

    private T? TryOpen<T>(string what, Func<T> open)
        where T : class
    {
        try
        {
            return open();
        }
        catch (CryptographicException exception)
        {
            LogUnreadable(what, exception.Message);
            return null;
        }
    }

    private sealed record Transfer
    {
        public string Mode { get; init; } = "";

        public Guid TransferId { get; init; }

        public string? QrCanonical { get; init; }

        public byte[]? Sealed { get; init; }

        public string? SealedKeyId { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Moved} rows are sealed under the current key now; {Left} are left")]
    private partial void LogMoved(int moved, int left);

    [LoggerMessage(Level = LogLevel.Error, Message = "What is sealed of {What} can't be opened: {Reason}")]
    private partial void LogUnreadable(string what, string reason);
}
