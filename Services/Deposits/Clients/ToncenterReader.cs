using System.Globalization;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using ArdorQr.Ton;
using static ArdorQr.Deposits.Clients.ToncenterBodies;

namespace ArdorQr.Deposits.Clients;

/// <summary>
/// Turns rows of the API into our terms. A row that can't be read is null: it must not stop the others.
/// </summary>
internal static class ToncenterReader
{
    private const string FinalizedFinality = "finalized";

    public static TransferHint? HintOf(TransferRow row) =>
        ChainHash.TryParse(row.TransactionHash, out var hash)
        && TonAddress.TryParse(row.JettonMaster, out var master)
        && TonAddress.TryParse(row.Destination, out var destination)
        && long.TryParse(row.Amount, NumberStyles.None, CultureInfo.InvariantCulture, out var amount)
            ? new TransferHint(
                hash.Value, row.TransactionLt, TimeOf(row.TransactionNow), row.TransactionAborted, master, AddressOf(row.Source), destination,
                Usdt.FromMicros(amount))
            : null;

    public static ChainTransaction? TransactionOf(Transaction row) =>
        TonAddress.TryParse(row.Account, out var account) && ChainHash.TryParse(row.Hash, out var hash)
            ? new ChainTransaction
            {
                Account = account,
                Hash = hash.Value,
                Lt = row.Lt,
                At = TimeOf(row.Now),
                MasterchainSeqno = IsFinalized(row) ? row.McBlockSeqno : null,
                Aborted = row.Description?.Aborted ?? true, // What isn't said to have succeeded has not.
                ComputeSucceeded = row.Description?.ComputePh is { Skipped: false, Success: true },
                InMessage = MessageOf(row.InMsg),
                OutMessages = [.. (row.OutMsgs ?? []).Select(MessageOf).OfType<ChainMessage>()],
            }
            : null;

    public static WalletBalance? BalanceOf(WalletRow row, TonAddress master) =>
        TonAddress.TryParse(row.Address, out var wallet)
        && TonAddress.TryParse(row.Jetton, out var jetton) && jetton == master
        && long.TryParse(row.Balance, NumberStyles.None, CultureInfo.InvariantCulture, out var micros)
            ? new WalletBalance(wallet, micros, row.LastTransactionLt)
            : null;

    /// <summary>Of a Unix time; the epoch for what is none.</summary>
    private static DateTimeOffset TimeOf(long seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(seconds is >= 0 and <= uint.MaxValue ? seconds : 0);

    /// <summary>The address that is a cell's whole content; null for any other cell.</summary>
    public static TonAddress? AddressIn(Cell cell)
    {
        try
        {
            return cell.BeginParse().LoadAddress();
        }
        catch (TonFormatException)
        {
            return null;
        }
    }

    private static bool IsFinalized(Transaction row) =>
        row.McBlockSeqno > 0 && row.Emulated != true && row.Finality is null or FinalizedFinality;

    private static ChainMessage? MessageOf(Message? message) =>
        message is not null && ChainHash.TryParse(message.Hash, out var hash)
            ? new ChainMessage(
                hash.Value,
                AddressOf(message.Source),
                AddressOf(message.Destination),
                message.Bounced ?? false,
                ChainHash.TryParse(message.MessageContent?.Hash, out var bodyHash) ? bodyHash : null,
                BagOfCells.TryParseBase64(message.MessageContent?.Body, out var body) ? body : null)
            : null;

    private static TonAddress? AddressOf(string? text) => TonAddress.TryParse(text, out var address) ? address : null;
}
