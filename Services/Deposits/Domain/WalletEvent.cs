using ArdorQr.Ton;

namespace ArdorQr.Deposits.Domain;

/// <summary>What a final transaction of our own jetton wallet did to its balance.</summary>
internal abstract record WalletEvent
{
    private WalletEvent() { }

    /// <summary>Jettons came in: a deposit.</summary>
    internal sealed record Received(ChainMessage Message, InternalTransfer Transfer) : WalletEvent;

    /// <summary>Jettons left, or came back.</summary>
    /// <param name="Kind">One of the constants here.</param>
    /// <param name="Micros">What the balance changed by.</param>
    /// <param name="To">Who got them, if anybody.</param>
    internal sealed record Moved(string Kind, long Micros, TonAddress? To) : WalletEvent;

    public const string Sweep = "sweep";
    public const string Burn = "burn";
    public const string Returned = "returned";

    private const ulong BouncedOpcode = 0xffffffff;
    private const ulong BurnNotificationOpcode = 0x7bdd97de;

    /// <summary>Null when the balance is as it was.</summary>
    /// <param name="transaction">A final transaction of the jetton wallet.</param>
    /// <param name="owner">The wallet's owner, who may send; the master may in the owner's place.</param>
    /// <param name="jetton">The jetton.</param>
    /// <exception cref="ChainContradictionException">More than exists.</exception>
    public static WalletEvent? Of(ChainTransaction transaction, TonAddress owner, JettonKind jetton)
    {
        if (transaction is not { Aborted: false, ComputeSucceeded: true, InMessage: { } message }
            || Receipt.TrueBodyOf(message) is not { } body)
        {
            return null;
        }

        if (message.Bounced)
        {
            return ReturnedBy(body) is { } amount ? new Moved(Returned, MicrosOf(amount), null) : null;
        }

        if (JettonMessages.TryParse(body, out InternalTransfer? received))
        {
            return jetton.MaySend(message.Source, received.From) ? new Received(message, received) : null;
        }

        if (message.Source != owner && message.Source != jetton.Master)
        {
            return null;
        }

        return JettonMessages.TryParse(body, out JettonTransfer? sent) && Sends(transaction)
            ? new Moved(Sweep, -MicrosOf(sent.Amount), sent.Destination)
            : JettonMessages.TryParse(body, out JettonBurn? burnt) && transaction.OutMessages.Count > 0
                ? new Moved(Burn, -MicrosOf(burnt.Amount), null)
                : null;
    }

    private static bool Sends(ChainTransaction transaction) =>
        transaction.OutMessages.Any(message => !message.Bounced && Receipt.BodyOf(message) is not null);

    /// <summary>A message of ours that came back tells how it began: opcode, number, amount.</summary>
    private static UInt128? ReturnedBy(Cell body)
    {
        try
        {
            var slice = body.BeginParse();
            if (slice.LoadUInt(32) != BouncedOpcode
                || slice.LoadUInt(32) is not (JettonMessages.InternalTransferOpcode or BurnNotificationOpcode))
            {
                return null;
            }

            slice.SkipBits(64);
            return slice.LoadCoins();
        }
        catch (TonFormatException)
        {
            return null;
        }
    }

    private static long MicrosOf(UInt128 amount) => amount <= long.MaxValue
        ? (long)amount
        : throw new ChainContradictionException("More jettons moved than exist.");
}
