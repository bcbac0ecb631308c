using System.Diagnostics.CodeAnalysis;

namespace ArdorQr.Deposits.Domain;

/// <summary>
/// A transaction's or message's 32-byte hash. Nodes and indexes print it in base64, explorers and we in lower-case hex.
/// </summary>
internal readonly record struct ChainHash
{
    private const int LengthBytes = 32;
    private const int LengthHex = 2 * LengthBytes;

    private ChainHash(string hex) => Hex = hex;

    /// <summary>64 lower-case hex digits.</summary>
    public string Hex { get => field ?? throw new InvalidOperationException("The hash was never given."); }

    /// <summary>Standard base64 with padding, as toncenter prints it.</summary>
    public string Base64 => Convert.ToBase64String(Convert.FromHexString(Hex));

    /// <exception cref="FormatException">The text is no hash.</exception>
    public static ChainHash Parse(string? text) =>
        TryParse(text, out var hash) ? hash.Value : throw new FormatException("The text is no 32-byte hash.");

    /// <summary>Reads hex (either case), base64 or base64url; false for anything that isn't exactly 32 bytes.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ChainHash? hash)
    {
        hash = null;
        Span<byte> bytes = stackalloc byte[LengthBytes + 1];
        if (text is { Length: LengthHex })
        {
            if (Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }
        }
        else if (text is not { Length: 43 or 44 }
            || !Convert.TryFromBase64String(text.TrimEnd('=').Replace('-', '+').Replace('_', '/') + "=", bytes, out var count)
            || count != LengthBytes)
        {
            return false;
        }

        hash = new ChainHash(Convert.ToHexStringLower(bytes[..LengthBytes]));
        return true;
    }

    public override string ToString() => Hex;
}
