using System.Text.Json.Nodes;
using ArdorQr.Ton;
using static ArdorQr.Sandbox.Domain.ChainDocuments;
using static ArdorQr.Sandbox.Domain.ChainTransfer;

namespace ArdorQr.Sandbox.Domain;

/// <summary>A change of a jetton wallet's balance, at the logical time of its own transaction.</summary>
internal sealed record WalletChange(TonAddress JettonWallet, TonAddress Owner, TonAddress Master, long Lt, long Micros);

/// <summary>What one transfer leaves behind: the index's row, the transactions, and who has more or less.</summary>
/// <param name="Transfer">Its messages.</param>
/// <param name="Row">The row of /jetton/transfers; null when the index shows none.</param>
/// <param name="Transactions">The rows of /transactions.</param>
/// <param name="Changes">The balances that it changed.</param>
internal sealed record ChainRecord(
    ChainTransfer Transfer, JsonObject? Row, IReadOnlyList<JsonObject> Transactions, IReadOnlyList<WalletChange> Changes)
{
    private const int NotFromWalletExitCode = 74; // The wallet's own check of who sends it jettons.
    private const int OutOfGasExitCode = -14;
    private const int LockedExitCode = 45;
    private const int NoBalanceExitCode = 47;
    private const long TonNanoTons = 1_000_000_000;

    /// <summary>The record of a scenario by its name.</summary>
    /// <param name="scenario">One of <see cref="TransferScenario.All"/>.</param>
    /// <param name="terms">What is to be sent.</param>
    /// <param name="slot">Where on the chain.</param>
    /// <param name="traceId">The trace it belongs to; null for one of its own.</param>
    public static ChainRecord Of(string scenario, TransferTerms terms, ChainSlot slot, string? traceId)
    {
        var transfer = new ChainTransfer(
            scenario switch
            {
                TransferScenario.FakeMaster => terms with { Master = FakeMaster },
                TransferScenario.Sweep => terms with { Owner = Faucet, Sender = terms.Owner },
                _ => terms,
            }, slot, isMint: scenario == TransferScenario.Mint);
        var trace = traceId ?? transfer.TransactionHash(SenderStep);
        return scenario switch
        {
            TransferScenario.Transfer or TransferScenario.FakeMaster => Received(transfer, trace),
            TransferScenario.Mint or TransferScenario.Hidden => Received(transfer, trace) with { Row = null },
            TransferScenario.Sweep => Swept(transfer, trace),
            TransferScenario.Vanished => Received(transfer, trace) with { Transactions = [], Changes = [] },
            TransferScenario.Bounced => Refused(transfer, trace, LockedExitCode, bounces: true),
            TransferScenario.OutOfGas => Refused(transfer, trace, OutOfGasExitCode, bounces: false),
            TransferScenario.Aborted => new(
                transfer, TransferRow(transfer, transfer.SenderWallet, trace, isAborted: true),
                [Transaction(transfer, SenderWalletStep, transfer.SenderWallet, trace, transfer.Transfer, [], NoBalanceExitCode)],
                []),
            TransferScenario.Spoofed => Spoofed(transfer, trace),
            TransferScenario.Ton => Coins(transfer, trace),
            _ => throw new ArgumentOutOfRangeException(nameof(scenario), scenario, "There is no such scenario."),
        };
    }

    private static ChainRecord Received(ChainTransfer transfer, string trace) => new(
        transfer,
        TransferRow(transfer, transfer.SenderWallet, trace, isAborted: false),
        [
            SenderTransaction(transfer, trace),
            Transaction(
                transfer, ReceiverWalletStep, transfer.ReceiverWallet, trace, transfer.Internal,
                [transfer.Notification, transfer.Excess]),
        ],
        [ChangeOf(transfer, transfer.Terms.Owner, ReceiverWalletStep, transfer.Terms.Amount.Micros)]);

    /// <summary>As a transfer, seen from the wallet that has less afterwards.</summary>
    private static ChainRecord Swept(ChainTransfer transfer, string trace)
    {
        var record = Received(transfer, trace);
        return record with
        {
            Changes = [.. record.Changes, ChangeOf(transfer, transfer.Terms.Sender, SenderWalletStep, -transfer.Terms.Amount.Micros)],
        };
    }

    private static ChainRecord Refused(ChainTransfer transfer, string trace, int exitCode, bool bounces) => new(
        transfer,
        TransferRow(transfer, transfer.SenderWallet, trace, isAborted: false),
        [
            SenderTransaction(transfer, trace),
            Transaction(
                transfer, ReceiverWalletStep, transfer.ReceiverWallet, trace, transfer.Internal,
                bounces ? [transfer.BouncedBack(transfer.Internal)] : [], exitCode),
        ],
        []);

    /// <summary>The stranger notifies the owner, and sends our wallet what only jetton wallets may send.</summary>
    private static ChainRecord Spoofed(ChainTransfer transfer, string trace)
    {
        var fake = transfer.InternalFrom(Stranger, transfer.Terms.Sender);
        var notification = transfer.Notification with { Source = Stranger };
        var order = transfer.Transfer with { Destination = Stranger };
        return new(
            transfer,
            TransferRow(transfer, Stranger, trace, isAborted: false),
            [
                Transaction(transfer, SenderWalletStep, Stranger, trace, order, [fake, notification]),
                Transaction(
                    transfer, ReceiverWalletStep, transfer.ReceiverWallet, trace, fake, [transfer.BouncedBack(fake)],
                    NotFromWalletExitCode),
                Transaction(transfer, ReceiverWalletStep + 1, transfer.Terms.Owner, trace, notification, []),
            ],
            []);
    }

    private static ChainRecord Coins(ChainTransfer transfer, string trace)
    {
        var coins = transfer.Message(
            transfer.Terms.Sender, transfer.Terms.Owner, TonNanoTons, transfer.Slot.Lt + 1,
            TextComment.Write(transfer.Terms.Comment ?? "USDT"), bounce: false);
        return new(
            transfer, null, [Transaction(transfer, SenderWalletStep, transfer.Terms.Owner, trace, coins, [])], []);
    }

    private static JsonObject SenderTransaction(ChainTransfer transfer, string trace) => Transaction(
        transfer, SenderWalletStep, transfer.SenderWallet, trace, transfer.Transfer, [transfer.Internal]);

    private static WalletChange ChangeOf(ChainTransfer transfer, TonAddress owner, int step, long micros) => new(
        WalletOf(owner, transfer.Terms.Master), owner, transfer.Terms.Master, transfer.LtOf(step), micros);
}
