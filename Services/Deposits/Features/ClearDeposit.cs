using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Whether what was received may be credited: its source is screened, and above the limits a second source must have
/// seen the same receipt. An operator's word stands above both.
/// </summary>
/// <param name="world">The world with its limits.</param>
/// <param name="second">Reads receipts from an index of somebody else's; null when none is set up.</param>
/// <param name="secondChain">That index.</param>
/// <param name="screen">Screens sources.</param>
/// <param name="database">Knows what was credited within the hour.</param>
/// <param name="logger">Tells what is held.</param>
internal sealed partial class ClearDeposit(
    World world, ReadReceipt? second, ITonChain? secondChain, ISourceScreen screen, ServiceDatabase database,
    ILogger<ClearDeposit> logger)
{
    /// <summary>Why it must wait; null when it may be credited.</summary>
    public async Task<string?> ReasonAsync(
        DepositRow row, Receipt.Received received, CancellationToken cancellationToken)
    {
        if (row.Decision == DepositRow.Credit)
        {
            return null;
        }

        if (!await IsWelcomeAsync(row, received, cancellationToken))
        {
            return Hold.Screening;
        }

        var reason = Hold.ByLimit(received.Amount, await OfLastHourAsync(cancellationToken), world.Limits);
        return reason is null || await IsSeenBySecondAsync(row, received, cancellationToken) ? null : reason;
    }

    private async Task<bool> IsWelcomeAsync(
        DepositRow row, Receipt.Received received, CancellationToken cancellationToken)
    {
        try
        {
            return await screen.IsWelcomeAsync(world, received.From, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotScreened(row.DepositId, exception);
            return false;
        }
    }

    private async Task<Usdt> OfLastHourAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT coalesce(sum(amount_micros), 0)::bigint FROM deposits.deposit
            WHERE mode = @mode AND confirmed_at > clock_timestamp() - interval '1 hour'
            """;
        if (world.Limits == CreditLimits.None)
        {
            return Usdt.Zero;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return Usdt.FromMicros(await connection.QuerySingleAsync<long>(sql, new { mode = world.Mode }, cancellationToken));
    }

    /// <summary>The same transaction and amount, final there too.</summary>
    private async Task<bool> IsSeenBySecondAsync(
        DepositRow row, Receipt.Received received, CancellationToken cancellationToken)
    {
        if (second is null || secondChain is null)
        {
            return false;
        }

        try
        {
            var head = await secondChain.HeadAsync(cancellationToken);
            var (receipt, _) = await second.RunAsync(row, head, cancellationToken);
            var agrees = head.GlobalId == world.NetworkGlobalId && receipt is Receipt.Received other
                && other.TransactionHash == received.TransactionHash && other.Amount == received.Amount;
            LogSecondSource(row.DepositId, agrees);
            return agrees;
        }
        catch (Exception exception) when (exception is ChainUnavailableException or ChainContradictionException)
        {
            LogNoSecondSource(row.DepositId, exception.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The source of deposit {DepositId} can't be screened; it waits")]
    private partial void LogNotScreened(Guid depositId, Exception exception);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "A second source was asked for deposit {DepositId}: agrees {Agrees}")]
    private partial void LogSecondSource(Guid depositId, bool agrees);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The second source can't tell of deposit {DepositId}: {Reason}")]
    private partial void LogNoSecondSource(Guid depositId, string reason);
}
