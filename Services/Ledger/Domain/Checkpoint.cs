using System.Globalization;
using System.Text;
using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>Where a wallet's chain stood at a time: what is signed, so that the past can't be told otherwise later.</summary>
/// <param name="Wallet">Whose wallet, in which mode.</param>
/// <param name="Sequence">The last operation's number, 1 and up.</param>
/// <param name="Hash">The last operation's link.</param>
/// <param name="Balance">The balance after it.</param>
/// <param name="CreatedAt">The database's time, to the microsecond.</param>
internal sealed record Checkpoint(
    WalletKey Wallet, long Sequence, OperationHash Hash, Kopecks Balance, DateTimeOffset CreatedAt)
{
    /// <summary>The first line of the form: another form would have another name.</summary>
    private const string Form = "ardorqr.checkpoint.v1";

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>The bytes that are signed: UTF-8 of these lines, without a line break at the end.</summary>
    public byte[] SignedBytes => Encoding.UTF8.GetBytes(string.Join('\n',
        Form,
        Wallet.MerchantId.ToString(),
        Wallet.Mode.Code,
        Sequence.ToString(CultureInfo.InvariantCulture),
        Hash.ToString(),
        Balance.Value.ToString(CultureInfo.InvariantCulture),
        CreatedAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)));
}

/// <summary>A checkpoint with its signature.</summary>
/// <param name="Checkpoint">What is signed.</param>
/// <param name="KeyId">Names the key among those that were ever used.</param>
/// <param name="PublicKey">SubjectPublicKeyInfo.</param>
/// <param name="Signature">ES256: 64 bytes, r and s.</param>
internal sealed record SignedCheckpoint(Checkpoint Checkpoint, string KeyId, byte[] PublicKey, byte[] Signature);
