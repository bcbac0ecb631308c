using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ArdorQr.VerifyOperations;

/// <summary>The bytes that are hashed and signed, as Services/Ledger/README.md describes them.</summary>
internal static class Canonical
{
    public const string NoHash = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>The hash that the operation must have, by its content and the hash that it says it continues.</summary>
    /// <exception cref="FormatException"><see cref="Operation.PreviousHash"/> isn't hexadecimal.</exception>
    public static string HashOf(Wallet wallet, Operation operation)
    {
        var text = Lines(
            "ardorqr.operation.v1",
            wallet.MerchantId.ToString("D"),
            wallet.Mode,
            operation.Sequence.ToString(CultureInfo.InvariantCulture),
            operation.Id.ToString("D"),
            operation.Type,
            operation.AmountMinor.ToString(CultureInfo.InvariantCulture),
            operation.BalanceAfterMinor.ToString(CultureInfo.InvariantCulture),
            operation.Currency,
            operation.SourceId.ToString("D"),
            TimeOf(operation.CreatedAt),
            operation.Description);
        return Convert.ToHexStringLower(SHA256.HashData([.. Convert.FromHexString(operation.PreviousHash), .. text]));
    }

    public static byte[] SignedBytesOf(Checkpoint checkpoint) => Lines(
        "ardorqr.checkpoint.v1",
        checkpoint.MerchantId.ToString("D"),
        checkpoint.Mode,
        checkpoint.Sequence.ToString(CultureInfo.InvariantCulture),
        checkpoint.Hash,
        checkpoint.BalanceMinor.ToString(CultureInfo.InvariantCulture),
        TimeOf(checkpoint.CreatedAt));

    public static string TimeOf(DateTime time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static byte[] Lines(params string[] lines) => Encoding.UTF8.GetBytes(string.Join('\n', lines));
}
