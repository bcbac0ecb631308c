using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Ton;

namespace ArdorQr.Sandbox.Domain;

/// <summary>What is to be sent.</summary>
/// <param name="Owner">Who is to receive.</param>
/// <param name="Sender">Who sends.</param>
/// <param name="Master">The jetton.</param>
/// <param name="Amount">How much.</param>
/// <param name="Comment">A text for the receiver, or null.</param>
internal sealed record TransferTerms(
    TonAddress Owner, TonAddress Sender, TonAddress Master, Usdt Amount, string? Comment);

/// <summary>Where on the chain it happens.</summary>
/// <param name="Lt">The first logical time; the sender's wallet runs at it.</param>
/// <param name="Seqno">The masterchain block.</param>
/// <param name="At">When.</param>
internal sealed record ChainSlot(long Lt, long Seqno, DateTimeOffset At);

/// <summary>
/// One transfer of jettons: the chain of messages that TEP-74 prescribes, from the sender's wallet through both jetton
/// wallets, with real bodies and message hashes. A transaction's hash is the sandbox's own invention.
/// </summary>
internal sealed class ChainTransfer
{
    /// <summary>The accounts in the order in which they run, each one step of logical time after the other.</summary>
    public const int SenderStep = 0;
    public const int SenderWalletStep = 1;
    public const int ReceiverWalletStep = 2;

    private const long ForwardNanoTons = 1;
    private const long SentNanoTons = 100_000_000;
    private const long RelayedNanoTons = 96_262_000;
    private const long ExcessNanoTons = 81_799_199;

    /// <param name="terms">What is to be sent.</param>
    /// <param name="slot">Where on the chain it happens.</param>
    /// <param name="isMint">Whether the master mints instead of the sender's wallet sending.</param>
    public ChainTransfer(TransferTerms terms, ChainSlot slot, bool isMint = false)
    {
        (Terms, Slot, IsMint) = (terms, slot, isMint);
        var (owner, sender, master, amount, _) = terms;
        SenderWallet = isMint ? master : WalletOf(sender, master);
        ReceiverWallet = WalletOf(owner, master);
        var queryId = (ulong)slot.Lt;
        var micros = (UInt128)(ulong)amount.Micros;
        Payload = terms.Comment is { } comment ? ForwardPayload.OfComment(comment) : ForwardPayload.Empty;
        var order = isMint
            ? new CellBuilder().StoreUInt(MintOpcode, 32).StoreUInt(queryId, 64).StoreAddress(owner).Build()
            : JettonMessages.Write(new JettonTransfer(queryId, micros, owner, sender, null, ForwardNanoTons, Payload));
        Transfer = Message(sender, SenderWallet, SentNanoTons, slot.Lt + 1, order, bounce: true);
        Internal = InternalFrom(SenderWallet, isMint ? null : sender);
        Notification = Message(
            ReceiverWallet, owner, ForwardNanoTons, LtOf(ReceiverWalletStep) + 1,
            JettonMessages.Write(new TransferNotification(queryId, micros, isMint ? null : sender, Payload)), bounce: false);
        Excess = Message(
            ReceiverWallet, sender, ExcessNanoTons, LtOf(ReceiverWalletStep) + 2,
            JettonMessages.Write(new Excesses(queryId)), bounce: false) with
        { BodyInRef = false };
    }

    /// <summary>The order to the master of a stablecoin to mint.</summary>
    private const uint MintOpcode = 0x642b7d07;

    /// <summary>What a message that comes back begins with.</summary>
    private const uint BouncedOpcode = 0xffffffff;

    private const int BouncedBodyBits = 256;

    /// <summary>The faucet's own wallet.</summary>
    public static TonAddress Faucet { get; } = new(0, SHA256.HashData("ArdorQR sandbox faucet"u8));

    /// <summary>The master of a jetton that has our jetton's name.</summary>
    public static TonAddress FakeMaster { get; } = new(0, SHA256.HashData("ArdorQR sandbox fake master"u8));

    /// <summary>A contract that plays a jetton wallet.</summary>
    public static TonAddress Stranger { get; } = new(0, SHA256.HashData("ArdorQR sandbox stranger"u8));

    public TransferTerms Terms { get; }

    public ChainSlot Slot { get; }

    public bool IsMint { get; }

    public ForwardPayload Payload { get; }

    /// <summary>The sender's jetton wallet; of a mint, the master.</summary>
    public TonAddress SenderWallet { get; }

    public TonAddress ReceiverWallet { get; }

    /// <summary>The sender's order to its jetton wallet.</summary>
    public InternalMessage Transfer { get; }

    /// <summary>The message that moves the jettons.</summary>
    public InternalMessage Internal { get; }

    public InternalMessage Notification { get; }

    public InternalMessage Excess { get; }

    public static TonAddress WalletOf(TonAddress owner, TonAddress master) =>
        JettonWallet.AddressOf(owner, master, JettonWallet.UsdtMainnetCode);

    public long LtOf(int step) => Slot.Lt + (step * ChainTime.LtPerTransaction);

    /// <summary>A transaction's hash: 32 bytes, base64, fixed by what it is about.</summary>
    public string TransactionHash(int step) => Convert.ToBase64String(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{step}:{LtOf(step)}:{Transfer.ToCell().HashHex}")));

    /// <summary>The message that moves the jettons, as another account would send it.</summary>
    public InternalMessage InternalFrom(TonAddress source, TonAddress? from) => Message(
        source, ReceiverWallet, RelayedNanoTons, LtOf(SenderWalletStep) + 1,
        JettonMessages.Write(new InternalTransfer(
            (ulong)Slot.Lt, (UInt128)(ulong)Terms.Amount.Micros, from, Terms.Sender, ForwardNanoTons, Payload)),
        bounce: true, JettonWallet.StateInitOf(Terms.Owner, Terms.Master, JettonWallet.UsdtMainnetCode));

    /// <summary>What comes back of a message that was refused: its first bits behind the mark of a bounce.</summary>
    public InternalMessage BouncedBack(InternalMessage message)
    {
        var (body, builder) = (message.Body.BeginParse(), new CellBuilder().StoreUInt(BouncedOpcode, 32));
        for (var left = Math.Min(BouncedBodyBits, message.Body.BitLength); left > 0; left -= 32)
        {
            builder.StoreUInt(body.LoadUInt(Math.Min(left, 32)), Math.Min(left, 32));
        }

        return Message(
            message.Destination, message.Source, ExcessNanoTons, LtOf(ReceiverWalletStep) + 1, builder.Build(), bounce: false) with
        {
            Bounced = true,
        };
    }

    /// <summary>A message of this transfer's time.</summary>
    public InternalMessage Message(
        TonAddress source, TonAddress destination, long nanoTons, long createdLt, Cell body, bool bounce,
        StateInit? stateInit = null) => new()
        {
            Source = source,
            Destination = destination,
            ValueNanoTons = (UInt128)(ulong)nanoTons,
            Bounce = bounce,
            CreatedLt = (ulong)createdLt,
            CreatedAtUnixSeconds = (uint)Slot.At.ToUnixTimeSeconds(),
            StateInit = stateInit,
            Body = body,
        };
}
