using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Looks for each waiting deposit's receipt: from the sender's transaction to the message it sent us, and from there to
/// our jetton wallet's own transaction. What that says is final goes to <see cref="SettleDeposit"/>.
/// </summary>
internal sealed partial class VerifyDeposits(
    World world, ITonChain chain, SettleDeposit settle, ServiceDatabase database, ILogger<VerifyDeposits> logger)
{
    private const int MaxPerRound = 50;
    private const int MaxPagesPerWallet = 10;
    private const int StaleIndexSeconds = 60;

    public async Task RunAsync(Leadership leader, ChainHead head, CancellationToken cancellationToken)
    {
        foreach (var due in await DueAsync(cancellationToken))
        {
            try
            {
                await VerifyAsync(leader, due, head, cancellationToken);
            }
            catch (ChainUnavailableException)
            {
                await settle.PostponeAsync(leader, due, null, cancellationToken); // Others go first next time.
                throw;
            }
            catch (Exception exception) when (exception is ChainContradictionException or ArithmeticException)
            {
                LogContradiction(due.DepositId, exception.Message);
                await settle.PostponeAsync(leader, due, null, cancellationToken);
            }
        }
    }

    private async Task VerifyAsync(Leadership leader, DueDeposit due, ChainHead head, CancellationToken cancellationToken)
    {
        var (receipt, messageHash) = await ReadAsync(due, head, cancellationToken);
        var isGone = receipt is Receipt.Unknown { IsAbsent: true } && IsGone(due, head);
        await settle.RunAsync(
            leader, due, messageHash, isGone ? new Receipt.Refused(null, Receipt.Vanished) : receipt, cancellationToken);
    }

    /// <summary>Announced ones first, so that dust can't keep them waiting.</summary>
    private async Task<IReadOnlyList<DueDeposit>> DueAsync(CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {DepositRow.Columns}, clock_timestamp() AS now
            FROM deposits.deposit
            WHERE mode = @mode AND status IN ('pending', 'failed') AND confirmed_at IS NULL
              AND check_at <= clock_timestamp()
            ORDER BY detected_event_id IS NULL, check_at
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<DueDeposit>(
            sql, new { mode = world.Mode, limit = MaxPerRound }, cancellationToken)];
    }

    private async Task<(Receipt Receipt, ChainHash? MessageHash)> ReadAsync(
        DepositRow row, ChainHead head, CancellationToken cancellationToken)
    {
        var wallet = TonAddress.Parse(row.JettonWallet);
        ChainHash messageHash;
        if (row.MessageHash is not null)
        {
            messageHash = ChainHash.Parse(row.MessageHash);
        }
        else
        {
            var sender = await chain.TransactionAsync(ChainHash.Parse(row.TxHash), cancellationToken);
            if (sender is null)
            {
                return (Receipt.Unknown.Absent, null);
            }

            if (Receipt.InternalTransferTo(wallet, sender) is not { } sent)
            {
                return (sender.IsFinal(head, world.Options.Confirmations)
                    ? new Receipt.Refused(null, Receipt.NotSent)
                    : Receipt.Unknown.Undecided, null);
            }

            messageHash = sent.Hash;
        }

        return await ReceivingAsync(wallet, messageHash, row.TxLt, cancellationToken) is { } receiving
            ? (Receipt.Judge(receiving, wallet, messageHash, world.Jetton, head, world.Options.Confirmations), messageHash)
            : (Receipt.Unknown.Absent, messageHash);
    }

    /// <summary>Our wallet's transaction for the message: it can only be later than the sender's.</summary>
    private async Task<ChainTransaction?> ReceivingAsync(
        TonAddress wallet, ChainHash messageHash, long senderLt, CancellationToken cancellationToken)
    {
        for (var page = 0; page < MaxPagesPerWallet; page++)
        {
            var found = await chain.TransactionsOfAsync(wallet, senderLt, page * ITonChain.PageSize, cancellationToken);
            if (found.Rows.FirstOrDefault(transaction => transaction.InMessage?.Hash == messageHash) is { } receiving)
            {
                return receiving;
            }

            if (found.RowCount < ITonChain.PageSize)
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>Absence proves something only after long enough, and only of an index that isn't behind.</summary>
    private bool IsGone(DueDeposit due, ChainHead head) =>
        due.Now - due.CreatedAt > TimeSpan.FromMinutes(world.Options.VanishedAfterMinutes)
        && due.Now - head.At < TimeSpan.FromSeconds(StaleIndexSeconds);

    private sealed record DueDeposit : DepositRow
    {
        /// <summary>The database's clock when the row was read.</summary>
        public DateTimeOffset Now { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Deposit {DepositId} can't be judged: {Reason}")]
    private partial void LogContradiction(Guid depositId, string reason);
}
