using System.Diagnostics.CodeAnalysis;

namespace ArdorQr.Ton;

/// <summary>
/// Bodies of the messages that move jettons (TEP-74), read and written. Reading never throws: a body that is another
/// message's or damaged gives false. A write throws <see cref="InvalidOperationException"/> when an inline payload
/// doesn't fit beside the other fields.
/// </summary>
public static class JettonMessages
{
    /// <summary>transfer.</summary>
    public const uint TransferOpcode = 0x0f8a7ea5;

    /// <summary>internal_transfer.</summary>
    public const uint InternalTransferOpcode = 0x178d4519;

    /// <summary>transfer_notification.</summary>
    public const uint TransferNotificationOpcode = 0x7362d09c;

    /// <summary>burn.</summary>
    public const uint BurnOpcode = 0x595f07bc;

    /// <summary>excesses.</summary>
    public const uint ExcessesOpcode = 0xd53276db;

    private const int OpcodeBits = 32;

    /// <summary>The first 32 bits of a body, which say what it is; null when it is shorter.</summary>
    public static uint? OpcodeOf(Cell body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return body.BitLength < OpcodeBits ? null : (uint)body.BeginParse().LoadUInt(OpcodeBits);
    }

    /// <summary>Reads a transfer.</summary>
    public static bool TryParse(Cell body, [NotNullWhen(true)] out JettonTransfer? transfer) =>
        TryRead(body, TransferOpcode, out transfer, static slice => new(
            slice.LoadUInt(64),
            slice.LoadCoins(),
            slice.LoadAddress() ?? throw new TonFormatException("A transfer needs a destination."),
            slice.LoadAnyAddress(),
            slice.LoadMaybeRef(),
            slice.LoadCoins(),
            ForwardPayload.LoadEndOf(slice)));

    /// <summary>Reads an internal_transfer.</summary>
    public static bool TryParse(Cell body, [NotNullWhen(true)] out InternalTransfer? transfer) =>
        TryRead(body, InternalTransferOpcode, out transfer, static slice => new(
            slice.LoadUInt(64),
            slice.LoadCoins(),
            slice.LoadAnyAddress(),
            slice.LoadAnyAddress(),
            slice.LoadCoins(),
            ForwardPayload.LoadEndOf(slice)));

    /// <summary>Reads a transfer_notification.</summary>
    public static bool TryParse(Cell body, [NotNullWhen(true)] out TransferNotification? notification) =>
        TryRead(body, TransferNotificationOpcode, out notification, static slice => new(
            slice.LoadUInt(64), slice.LoadCoins(), slice.LoadAnyAddress(), ForwardPayload.LoadEndOf(slice)));

    /// <summary>Reads a burn. Some wallets leave the custom payload's bit out.</summary>
    public static bool TryParse(Cell body, [NotNullWhen(true)] out JettonBurn? burn) =>
        TryRead(body, BurnOpcode, out burn, static slice => new(
            slice.LoadUInt(64),
            slice.LoadCoins(),
            slice.LoadAnyAddress(),
            slice.RemainingBits == 0 ? null : slice.LoadMaybeRef()));

    /// <summary>Reads an excesses.</summary>
    public static bool TryParse(Cell body, [NotNullWhen(true)] out Excesses? excesses) =>
        TryRead(body, ExcessesOpcode, out excesses, static slice => new(slice.LoadUInt(64)));

    /// <summary>The body of a transfer.</summary>
    public static Cell Write(JettonTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        var builder = Begin(TransferOpcode, transfer.QueryId)
            .StoreCoins(transfer.Amount)
            .StoreAddress(transfer.Destination)
            .StoreAddress(transfer.ResponseDestination)
            .StoreMaybeRef(transfer.CustomPayload)
            .StoreCoins(transfer.ForwardTonAmount);
        return transfer.ForwardPayload.StoreTo(builder).Build();
    }

    /// <summary>The body of an internal_transfer.</summary>
    public static Cell Write(InternalTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        var builder = Begin(InternalTransferOpcode, transfer.QueryId)
            .StoreCoins(transfer.Amount)
            .StoreAddress(transfer.From)
            .StoreAddress(transfer.ResponseAddress)
            .StoreCoins(transfer.ForwardTonAmount);
        return transfer.ForwardPayload.StoreTo(builder).Build();
    }

    /// <summary>The body of a transfer_notification.</summary>
    public static Cell Write(TransferNotification notification)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var builder = Begin(TransferNotificationOpcode, notification.QueryId)
            .StoreCoins(notification.Amount)
            .StoreAddress(notification.Sender);
        return notification.ForwardPayload.StoreTo(builder).Build();
    }

    /// <summary>The body of a burn.</summary>
    public static Cell Write(JettonBurn burn)
    {
        ArgumentNullException.ThrowIfNull(burn);
        return Begin(BurnOpcode, burn.QueryId)
            .StoreCoins(burn.Amount)
            .StoreAddress(burn.ResponseDestination)
            .StoreMaybeRef(burn.CustomPayload)
            .Build();
    }

    /// <summary>The body of an excesses.</summary>
    public static Cell Write(Excesses excesses)
    {
        ArgumentNullException.ThrowIfNull(excesses);
        return Begin(ExcessesOpcode, excesses.QueryId).Build();
    }

    private static CellBuilder Begin(uint opcode, ulong queryId) =>
        new CellBuilder().StoreUInt(opcode, OpcodeBits).StoreUInt(queryId, 64);

    private static bool TryRead<TMessage>(
        Cell body, uint opcode, [NotNullWhen(true)] out TMessage? message, Func<CellSlice, TMessage> read)
        where TMessage : class
    {
        message = null;
        if (OpcodeOf(body) != opcode)
        {
            return false;
        }

        var slice = body.BeginParse();
        slice.SkipBits(OpcodeBits);
        try
        {
            message = read(slice);
            return true;
        }
        catch (TonFormatException)
        {
            return false;
        }
    }
}
