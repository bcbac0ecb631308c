using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>
/// The chain of a wallet's operations. A link is SHA-256 over the previous link's 32 bytes and the operation's canonical
/// form; it names nothing that the merchant doesn't see, so that anyone can check a downloaded list.
/// <c>ledger.operation_hash</c> in the database says the same in SQL.
/// </summary>
internal static class OperationChain
{
    /// <summary>The first line of the form: another form would have another name.</summary>
    private const string Form = "ardorqr.operation.v1";

    private const string Currency = "RUB";

    /// <summary>Always six digits: the database keeps microseconds.</summary>
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public static OperationHash HashOf(OperationHash previous, ChainedOperation operation)
    {
        var text = CanonicalFormOf(operation);
        var bytes = new byte[OperationHash.Bytes + Encoding.UTF8.GetByteCount(text)];
        previous.CopyTo(bytes);
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(OperationHash.Bytes));
        Span<byte> hash = stackalloc byte[OperationHash.Bytes];
        SHA256.HashData(bytes, hash);
        return OperationHash.Of(hash);
    }

    /// <summary>
    /// The lines that are hashed, as UTF-8 and without a line break at the end. The description comes last, as it is:
    /// whatever it holds, line breaks too, can't be read as another line.
    /// </summary>
    public static string CanonicalFormOf(ChainedOperation operation) => string.Join('\n',
        Form,
        operation.Wallet.MerchantId.ToString(),
        operation.Wallet.Mode.Code,
        Text(operation.Sequence),
        operation.OperationId.ToString(),
        operation.Type,
        Text(operation.Amount.Value),
        Text(operation.BalanceAfter.Value),
        Currency,
        operation.SourceId.ToString(),
        operation.CreatedAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
        operation.Description);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What a link of the chain is made of, besides the link before.</summary>
/// <param name="Wallet">Whose wallet, in which mode.</param>
/// <param name="Sequence">1 and up, without a gap.</param>
/// <param name="OperationId">The operation's id.</param>
/// <param name="Type">deposit, payment, refund or adjustment.</param>
/// <param name="Amount">Signed.</param>
/// <param name="BalanceAfter">The wallet's balance right after it.</param>
/// <param name="SourceId">The deposit, the payment or the adjustment.</param>
/// <param name="CreatedAt">To the microsecond.</param>
/// <param name="Description">As it is shown.</param>
internal sealed record ChainedOperation(
    WalletKey Wallet, long Sequence, Guid OperationId, string Type, Kopecks Amount, Kopecks BalanceAfter, Guid SourceId,
    DateTimeOffset CreatedAt, string Description);
