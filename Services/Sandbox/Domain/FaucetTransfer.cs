using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Ton;

namespace ArdorQr.Sandbox.Domain;

/// <summary>
/// One transfer of the sandbox's USDT: the chain of messages that TEP-74 prescribes, from the sender's wallet through
/// both jetton wallets, with real bodies and message hashes. A transaction's hash is the sandbox's own invention.
/// </summary>
internal sealed class FaucetTransfer
{
    /// <summary>The accounts in the order in which they run, each one step of logical time after the other.</summary>
    public const int SenderStep = 0;
    public const int SenderWalletStep = 1;
    public const int ReceiverWalletStep = 2;

    private const long ForwardNanoTons = 1;
    private const long SentNanoTons = 100_000_000;
    private const long RelayedNanoTons = 96_262_000;
    private const long ExcessNanoTons = 81_799_199;

    public FaucetTransfer(TonAddress owner, TonAddress master, Usdt amount, long lt, long seqno, DateTimeOffset at)
    {
        (Owner, Master, Amount, Lt, Seqno, At) = (owner, master, amount, lt, seqno, at);
        SenderWallet = JettonWallet.AddressOf(Sender, master, JettonWallet.UsdtMainnetCode);
        ReceiverWallet = JettonWallet.AddressOf(owner, master, JettonWallet.UsdtMainnetCode);
        var queryId = (ulong)lt;
        var micros = (UInt128)(ulong)amount.Micros;
        TransferBody = JettonMessages.Write(new JettonTransfer(queryId, micros, owner, Sender, null, ForwardNanoTons, ForwardPayload.Empty));
        Transfer = Message(Sender, SenderWallet, SentNanoTons, lt + 1, TransferBody, bounce: true);
        Internal = Message(
            SenderWallet,
            ReceiverWallet,
            RelayedNanoTons,
            LtOf(SenderWalletStep) + 1,
            JettonMessages.Write(new InternalTransfer(queryId, micros, Sender, Sender, ForwardNanoTons, ForwardPayload.Empty)),
            bounce: true,
            JettonWallet.StateInitOf(owner, master, JettonWallet.UsdtMainnetCode));
        Notification = Message(
            ReceiverWallet, owner, ForwardNanoTons, LtOf(ReceiverWalletStep) + 1,
            JettonMessages.Write(new TransferNotification(queryId, micros, Sender, ForwardPayload.Empty)), bounce: false);
        Excess = Message(
            ReceiverWallet, Sender, ExcessNanoTons, LtOf(ReceiverWalletStep) + 2,
            JettonMessages.Write(new Excesses(queryId)), bounce: false) with { BodyInRef = false };
    }

    /// <summary>The faucet's own wallet.</summary>
    public static TonAddress Sender { get; } = new(0, SHA256.HashData("ArdorQR sandbox faucet"u8));

    public TonAddress Owner { get; }

    public TonAddress Master { get; }

    public Usdt Amount { get; }

    /// <summary>The first logical time; the sender's wallet runs at it.</summary>
    public long Lt { get; }

    public long Seqno { get; }

    public DateTimeOffset At { get; }

    public TonAddress SenderWallet { get; }

    public TonAddress ReceiverWallet { get; }

    public Cell TransferBody { get; }

    public InternalMessage Transfer { get; }

    public InternalMessage Internal { get; }

    public InternalMessage Notification { get; }

    public InternalMessage Excess { get; }

    public long LtOf(int step) => Lt + (step * ChainTime.LtPerTransaction);

    /// <summary>A transaction's hash: 32 bytes, base64, fixed by what it is about.</summary>
    public string TransactionHash(int step) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{step}:{LtOf(step)}:{Transfer.ToCell().HashHex}")));

    private InternalMessage Message(
        TonAddress source, TonAddress destination, long nanoTons, long createdLt, Cell body, bool bounce, StateInit? stateInit = null) =>
        new()
        {
            Source = source,
            Destination = destination,
            ValueNanoTons = (UInt128)(ulong)nanoTons,
            Bounce = bounce,
            CreatedLt = (ulong)createdLt,
            CreatedAtUnixSeconds = (uint)At.ToUnixTimeSeconds(),
            StateInit = stateInit,
            Body = body,
        };
}
