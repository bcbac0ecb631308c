using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Looks for the receipt of each deposit that waits. What the chain says of it goes to <see cref="SettleDeposit"/>.
/// </summary>
internal sealed partial class VerifyDeposits(
    World world, ReadReceipt read, SettleDeposit settle, ServiceDatabase database, ILogger<VerifyDeposits> logger)
{
    private const int MaxAnnouncedPerRound = 50;
    private const int MaxQuietPerRound = 5; // Dust, however much there is of it, takes a few requests a round.
    private const int StaleIndexSeconds = 60;

    public async Task RunAsync(Leadership leader, ChainHead head, CancellationToken cancellationToken)
    {
        var announced = await DueAsync("IS NOT NULL", MaxAnnouncedPerRound, cancellationToken);
        await RunAsync(leader, head, announced, cancellationToken);
        var quiet = await DueAsync("IS NULL", MaxQuietPerRound, cancellationToken);
        await RunAsync(leader, head, quiet, cancellationToken);
    }

    private async Task RunAsync(
        Leadership leader, ChainHead head, IReadOnlyList<DueDeposit> deposits, CancellationToken cancellationToken)
    {
        foreach (var due in deposits)
        {
            try
            {
                await VerifyAsync(leader, due, head, cancellationToken);
            }
            catch (ChainUnavailableException)
            {
                await settle.PostponeAsync(leader, due, null, isAbsent: false, cancellationToken); // Others go first.
                throw;
            }
            catch (Exception exception) when (exception is ChainContradictionException or ArithmeticException)
            {
                LogContradiction(due.DepositId, exception.Message);
                await settle.PostponeAsync(leader, due, null, isAbsent: false, cancellationToken);
            }
        }
    }

    private async Task VerifyAsync(
        Leadership leader, DueDeposit due, ChainHead head, CancellationToken cancellationToken)
    {
        var (receipt, messageHash) = await read.RunAsync(due, head, cancellationToken);
        // Absence proves something only of an index that isn't behind, and only after long enough.
        var isAbsent = receipt is Receipt.Unknown { IsAbsent: true }
            && due.Now - head.At < TimeSpan.FromSeconds(StaleIndexSeconds);
        if (isAbsent && due.AbsentSince is { } since
            && due.Now - since > TimeSpan.FromMinutes(world.Options.VanishedAfterMinutes))
        {
            receipt = new Receipt.Refused(null, Receipt.Vanished);
        }

        if (due.ReceiverLt is not null && receipt is not Receipt.Received)
        {
            LogContradiction(due.DepositId, "A receipt that was final isn't there any more."); // Ours all the same.
            receipt = Receipt.Unknown.Undecided;
        }

        if (receipt is Receipt.Unknown)
        {
            await settle.PostponeAsync(leader, due, messageHash, isAbsent, cancellationToken);
            return;
        }

        await settle.RunAsync(leader, due, messageHash, receipt, cancellationToken);
    }

    private async Task<IReadOnlyList<DueDeposit>> DueAsync(
        string announced, int limit, CancellationToken cancellationToken)
    {
        var sql =
            $"""
            SELECT {DepositRow.Columns}, clock_timestamp() AS now
            FROM deposits.deposit
            WHERE mode = @mode AND status IN ('pending', 'failed') AND confirmed_at IS NULL
              AND check_at <= clock_timestamp() AND detected_event_id {announced}
            ORDER BY check_at
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<DueDeposit>(sql, new { mode = world.Mode, limit }, cancellationToken)];
    }

    private sealed record DueDeposit : DepositRow
    {
        /// <summary>The database's clock when the row was read.</summary>
        public DateTimeOffset Now { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Deposit {DepositId} can't be judged: {Reason}")]
    private partial void LogContradiction(Guid depositId, string reason);
}
