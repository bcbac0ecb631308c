using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// What a receipt does to its deposit: a rate, amounts and DepositConfirmed; or below the minimum; or failed; or a later
/// look. Without a valid rate a received deposit goes on waiting.
/// </summary>
internal sealed partial class SettleDeposit(
    World world, ClearDeposit clear, TakeRate rates, ServiceDatabase database,
    ILogger<SettleDeposit> logger)
{
    /// <summary>The next look: soon while the deposit is young, hourly in the end.</summary>
    private const string NextLookSql =
        """
        clock_timestamp()
            + least(interval '1 hour', greatest(interval '200 milliseconds', (clock_timestamp() - created_at) / 20))
        """;

    /// <summary>What a receipt says, in every statement that stores one.</summary>
    private const string ReceivedSql =
        """
        amount_micros = @amount, from_address = coalesce(@from, from_address), message_hash = @messageHash,
        receiver_tx_hash = @receiverTxHash, receiver_lt = @receiverLt, absent_since = NULL
        """;

    public Task RunAsync(
        Leadership leader, DepositRow row, ChainHash? messageHash, Receipt receipt,
        CancellationToken cancellationToken) => receipt switch
    {
        Receipt.Unknown => PostponeAsync(leader, row, messageHash, isAbsent: false, cancellationToken),
        Receipt.Refused refused => FailAsync(leader, row, messageHash, refused, cancellationToken),
        Receipt.Received received when received.Amount < world.MinAmount =>
            MarkDustAsync(leader, row, messageHash!.Value, received, cancellationToken),
        Receipt.Received received => CreditAsync(leader, row, messageHash!.Value, received, cancellationToken),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>
    /// Looks again later; what is known of the message is kept, and since when there is no trace of it.
    /// </summary>
    public async Task PostponeAsync(
        Leadership leader, DepositRow row, ChainHash? messageHash, bool isAbsent, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE deposits.deposit
            SET check_at = {NextLookSql}, message_hash = coalesce(message_hash, @messageHash),
                absent_since = CASE WHEN @isAbsent THEN coalesce(absent_since, clock_timestamp()) END
            WHERE deposit_id = @depositId AND confirmed_at IS NULL AND check_at < 'infinity'
            """;
        await using var transaction = await leader.BeginAsync(database, cancellationToken);
        await transaction.ExecuteAsync(
            sql, new { depositId = row.DepositId, messageHash = messageHash?.Hex, isAbsent }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task FailAsync(
        Leadership leader, DepositRow row, ChainHash? messageHash, Receipt.Refused refused, CancellationToken cancellationToken)
    {
        // What has merely vanished is looked for on; a refusal by our wallet is the chain's last word.
        const string sql =
            $"""
            UPDATE deposits.deposit
            SET status = 'failed', failure_reason = @reason, message_hash = coalesce(message_hash, @messageHash),
                receiver_tx_hash = @receiverTxHash, failed_event_id = coalesce(failed_event_id, @eventId),
                failed_at = coalesce(failed_at, clock_timestamp()),
                check_at = CASE WHEN @reason = '{Receipt.Vanished}' THEN {NextLookSql} ELSE 'infinity' END
            WHERE deposit_id = @depositId AND status IN ('pending', 'failed') AND confirmed_at IS NULL
            RETURNING failed_event_id, failed_at
            """;
        using var step = DepositTrace.Begin("deposit failed", row.Traceparent);
        await using var transaction = await leader.BeginAsync(database, cancellationToken);
        var (eventId, failedAt) = await transaction.QuerySingleAsync<(Guid, DateTimeOffset)>(sql, new
        {
            depositId = row.DepositId,
            reason = refused.Reason,
            messageHash = messageHash?.Hex,
            receiverTxHash = refused.TransactionHash?.Hex,
            eventId = DepositEvents.FailedId(row.DepositId),
        }, cancellationToken);
        if (row is { Status: DepositRow.Pending, DetectedEventId: not null })
        {
            transaction.Enqueue(new DepositFailed
            {
                EventId = eventId,
                CreatedAt = failedAt,
                MerchantId = row.MerchantId,
                Mode = row.Mode,
                DepositId = row.DepositId,
                Reason = refused.Reason,
            });
        }

        await transaction.CommitAsync(cancellationToken);
        LogFailed(row.DepositId, refused.Reason);
    }

    private async Task MarkDustAsync(
        Leadership leader, DepositRow row, ChainHash messageHash, Receipt.Received received, CancellationToken cancellationToken)
    {
        // Out of failed there is only one way, to a credit: dust that had vanished stays failed.
        const string sql =
            $"""
            UPDATE deposits.deposit
            SET status = CASE WHEN status = 'pending' THEN 'below_minimum' ELSE status END, {ReceivedSql},
                check_at = 'infinity'
            WHERE deposit_id = @depositId AND status IN ('pending', 'failed') AND confirmed_at IS NULL
            """;
        await using var transaction = await leader.BeginAsync(database, cancellationToken);
        await transaction.ExecuteAsync(sql, ReceivedParameters(row, messageHash, received), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task CreditAsync(
        Leadership leader, DepositRow row, ChainHash messageHash, Receipt.Received received, CancellationToken cancellationToken)
    {
        using var step = DepositTrace.Begin("deposit received", row.Traceparent);
        if (await clear.ReasonAsync(row, received, cancellationToken) is { } reason)
        {
            await HoldAsync(leader, row, messageHash, received, reason, cancellationToken);
        }
        else if (await rates.RunAsync(world, cancellationToken) is { } rate)
        {
            await ConfirmAsync(leader, row, messageHash, received, rate, cancellationToken);
        }
        else
        {
            await HoldAsync(leader, row, messageHash, received, Hold.Rate, cancellationToken);
        }
    }

    /// <summary>The jettons are ours, and the merchant's when what it waits for has come.</summary>
    private async Task HoldAsync(
        Leadership leader, DepositRow row, ChainHash messageHash, Receipt.Received received, string reason,
        CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE deposits.deposit
            SET {ReceivedSql}, hold_reason = @reason,
                check_at = least({NextLookSql}, clock_timestamp() + interval '1 minute'),
                detected_event_id = coalesce(detected_event_id, @detectedEventId)
            WHERE deposit_id = @depositId AND status IN ('pending', 'failed') AND confirmed_at IS NULL
              AND decision IS DISTINCT FROM 'refuse'
            RETURNING {DepositRow.Columns}
            """;
        await using var transaction = await leader.BeginAsync(database, cancellationToken);
        var parameters = ReceivedParameters(row, messageHash, received);
        parameters.AddDynamicParams(new { reason, detectedEventId = DepositEvents.DetectedId(row.DepositId) });
        var held = await transaction.QuerySingleOrDefaultAsync<DepositRow>(sql, parameters, cancellationToken);
        Announce(transaction, row, held);
        await transaction.CommitAsync(cancellationToken);
        if (row.HoldReason != reason)
        {
            LogHeld(row.DepositId, reason);
        }
    }

    private async Task ConfirmAsync(
        Leadership leader, DepositRow row, ChainHash messageHash, Receipt.Received received, AcceptedRate rate,
        CancellationToken cancellationToken)
    {
        await using var transaction = await leader.BeginAsync(database, cancellationToken);
        if (await WriteConfirmedAsync(transaction, row, messageHash, received, rate, cancellationToken) is not { } confirmed)
        {
            return; // An operator refused it meanwhile.
        }

        Announce(transaction, row, confirmed);
        await AcceptedRates.StoreAsync(transaction, world.Mode, rate, cancellationToken);
        await transaction.EnqueueUntilAnsweredAsync(ConfirmedEvent(confirmed), DepositKeys.Posted(row.DepositId), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogConfirmed(row.DepositId, rate.Rate);
    }

    /// <summary>Tells of a deposit that the index had shown as too little to tell of.</summary>
    private static void Announce(ServiceTransaction transaction, DepositRow before, DepositRow? now)
    {
        if (before.DetectedEventId is null && now is not null)
        {
            transaction.Enqueue(StoreDeposit.DetectedEvent(now));
        }
    }

    private static async Task<ConfirmedRow?> WriteConfirmedAsync(
        ServiceTransaction transaction, DepositRow row, ChainHash messageHash, Receipt.Received received, AcceptedRate rate,
        CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE deposits.deposit
            SET {ReceivedSql}, hold_reason = NULL, rate_micros = @rate, rate_at = @rateAt, rate_quotes = @quotes::jsonb,
                gross_kopecks = @gross, fee_kopecks = @fee, credited_kopecks = @credited,
                detected_event_id = coalesce(detected_event_id, @detectedEventId), confirmed_event_id = @confirmedEventId,
                confirmed_at = greatest(clock_timestamp(), created_at + interval '1 microsecond'), check_at = 'infinity'
            WHERE deposit_id = @depositId AND status IN ('pending', 'failed') AND confirmed_at IS NULL
              AND decision IS DISTINCT FROM 'refuse'
            RETURNING {DepositRow.Columns}, confirmed_event_id
            """;
        var credit = Credit.Of(received.Amount, rate.Rate, row.FeeBps);
        var parameters = ReceivedParameters(row, messageHash, received);
        parameters.AddDynamicParams(new
        {
            rate = rate.Rate.Micros,
            rateAt = rate.At,
            quotes = QuotesJson(rate),
            gross = credit.Gross,
            fee = credit.Fee,
            credited = credit.Credited,
            detectedEventId = DepositEvents.DetectedId(row.DepositId),
            confirmedEventId = DepositEvents.ConfirmedId(row.DepositId),
        });
        return await transaction.QuerySingleOrDefaultAsync<ConfirmedRow>(sql, parameters, cancellationToken);
    }

    private static Dapper.DynamicParameters ReceivedParameters(
        DepositRow row, ChainHash messageHash, Receipt.Received received) => new(new
    {
        depositId = row.DepositId,
        amount = received.Amount,
        from = received.From?.ToRaw(),
        messageHash = messageHash.Hex,
        receiverTxHash = received.TransactionHash.Hex,
        receiverLt = received.Lt,
    });

    private static string QuotesJson(AcceptedRate rate) => JsonSerializer.Serialize(
        rate.Quotes.Select(quote => new { quote.Source, Rate = quote.Rate.ToDecimal(), quote.At }), ApiJson.Options);

    private static DepositConfirmed ConfirmedEvent(ConfirmedRow row) => new()
    {
        EventId = row.ConfirmedEventId,
        CreatedAt = row.ConfirmedAt!.Value,
        MerchantId = row.MerchantId,
        Mode = row.Mode,
        DepositId = row.DepositId,
        GrossMinor = new Kopecks(row.GrossKopecks!.Value),
        FeeMinor = new Kopecks(row.FeeKopecks!.Value),
        CreditedMinor = new Kopecks(row.CreditedKopecks!.Value),
        Description = $"Пополнение {Usdt.FromMicros(row.AmountMicros)} USDT "
            + $"по курсу {UsdtRate.FromMicros(row.RateMicros!.Value)} ₽",
    };

    private sealed record ConfirmedRow : DepositRow
    {
        public Guid ConfirmedEventId { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deposit {DepositId} is final at {Rate} roubles per USDT")]
    private partial void LogConfirmed(Guid depositId, UsdtRate rate);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Deposit {DepositId} was received and waits: {Reason}")]
    private partial void LogHeld(Guid depositId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Deposit {DepositId} failed: {Reason}")]
    private partial void LogFailed(Guid depositId, string reason);
}
