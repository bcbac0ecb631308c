using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using MassTransit;

namespace ArdorQr.Deposits.Features;

/// <summary>DepositPosted → the deposit is credited, and the merchant may hear of it: its balance has changed already.</summary>
internal sealed partial class MarkCredited(ServiceDatabase database, ILogger<MarkCredited> logger)
    : IConsumer<DepositPosted>
{
    public const string Queue = "deposits.deposit-posted";

    public async Task Consume(ConsumeContext<DepositPosted> context)
    {
        var (message, cancellationToken) = (context.Message, context.CancellationToken);
        await using var transaction = await database.BeginAsync(cancellationToken);
        await transaction.AnsweredAsync(DepositKeys.Posted(message.DepositId), cancellationToken);
        if (await transaction.TryAcceptAsync(Queue, message.EventId, cancellationToken)
            && await CreditAsync(transaction, message, cancellationToken) is { } row)
        {
            transaction.Enqueue(CreditedEvent(row));
            LogCredited(row.DepositId, row.CreditedKopecks!.Value);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The announcement of a credited deposit.</summary>
    public static DepositCredited CreditedEvent(DepositRow row) => new()
    {
        EventId = row.CreditedEventId!.Value,
        CreatedAt = row.CreditedAt!.Value,
        MerchantId = row.MerchantId,
        Mode = row.Mode,
        DepositId = row.DepositId,
        Deposit = ApiJson.Snapshot(DepositView.Of(row)),
    };

    /// <summary>The row, credited now; null when it was credited before.</summary>
    private static async Task<DepositRow?> CreditAsync(
        ServiceTransaction transaction, DepositPosted message, CancellationToken cancellationToken)
    {
        // The time is later than that of every earlier event of the deposit, whatever the clock did meanwhile.
        const string sql =
            $"""
            UPDATE deposits.deposit
            SET status = 'credited', operation_id = @operationId, credited_event_id = @eventId, failure_reason = NULL,
                credited_at = greatest(clock_timestamp(), confirmed_at + interval '1 microsecond')
            WHERE deposit_id = @depositId AND merchant_id = @merchantId AND mode = @mode
              AND credited_kopecks = @credited AND operation_id IS NULL
            RETURNING {DepositRow.Columns}
            """;
        const string knownSql =
            """
            SELECT operation_id FROM deposits.deposit
            WHERE deposit_id = @depositId AND credited_kopecks = @credited
            """;
        var credited = await transaction.QuerySingleOrDefaultAsync<DepositRow>(sql, new
        {
            depositId = message.DepositId,
            merchantId = message.MerchantId,
            mode = message.Mode,
            credited = message.CreditedMinor,
            operationId = message.OperationId,
            eventId = DepositEvents.CreditedId(message.DepositId, message.CreditedMinor),
        }, cancellationToken);
        if (credited is null)
        {
            var known = await transaction.QuerySingleOrDefaultAsync<Guid?>(
                knownSql, new { depositId = message.DepositId, credited = message.CreditedMinor }, cancellationToken);
            if (known != message.OperationId)
            {
                throw new InvalidOperationException($"Ledger posted deposit {message.DepositId} otherwise than it was confirmed.");
            }
        }

        return credited;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deposit {DepositId} is credited with {CreditedKopecks} kopecks")]
    private partial void LogCredited(Guid depositId, long creditedKopecks);
}
