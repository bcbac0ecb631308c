using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;

namespace ArdorQr.Gateway.Domain;

/// <summary>
/// A well-formed API key, <c>sk_{live|test}_{8}_{24}</c>: a public id of 8 base62 digits, then 18 random ones (107
/// bits) and 6 of CRC-32 over all that stands before them. Whether such a key exists is the database's to say.
/// </summary>
internal sealed class ApiKey
{
    private const string Prefix = "sk_";
    private const int ModeEnd = 7;
    private const int PublicIdStart = ModeEnd + 1;
    private const int PublicIdLength = 8;
    private const int PublicIdEnd = PublicIdStart + PublicIdLength;
    private const int SecretStart = PublicIdEnd + 1;
    private const int RandomLength = 18;
    private const int RandomEnd = SecretStart + RandomLength;
    private const int ChecksumLength = 6;
    private const int Length = RandomEnd + ChecksumLength;
    private const int HintLength = 4;

    private ApiKey(Mode mode, string text) => (Mode, Text, PublicId) = (mode, text, text[PublicIdStart..PublicIdEnd]);

    public Mode Mode { get; }

    /// <summary>The whole key. It is shown once, when it is issued, and never stored or logged.</summary>
    public string Text { get; }

    /// <summary>What the key is looked up by; unique, and no secret.</summary>
    public string PublicId { get; }

    /// <summary>How people tell their keys apart: <c>sk_live_a1b2…f9c0</c>.</summary>
    public string Hint => $"{Text[..(PublicIdStart + HintLength)]}…{Text[^HintLength..]}";

    public static ApiKey Issue(Mode mode, RandomNumberGenerator random)
    {
        var body = $"{Prefix}{mode.Code}_{Base62.Random(PublicIdLength, random)}_{Base62.Random(RandomLength, random)}";
        return new ApiKey(mode, body + Checksum(body));
    }

    /// <summary>The key, or null for anything that no gateway can have issued, a mistyped key included.</summary>
    public static ApiKey? TryParse(ReadOnlySpan<char> text)
    {
        if (text.Length != Length
            || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || ModeOf(text[Prefix.Length..ModeEnd]) is not { } mode
            || text[ModeEnd] != '_'
            || text[PublicIdEnd] != '_'
            || !Base62.IsValid(text.Slice(PublicIdStart, PublicIdLength))
            || !Base62.IsValid(text[SecretStart..]))
        {
            return null;
        }

        return text[RandomEnd..].SequenceEqual(Checksum(text[..RandomEnd])) ? new ApiKey(mode, text.ToString()) : null;
    }

    /// <summary>SHA-256: a secret of 107 random bits can't be guessed, so that a slow hash would only slow us.</summary>
    public byte[] Hash()
    {
        var hash = new byte[SHA256.HashSizeInBytes];
        Hash(hash);
        return hash;
    }

    /// <summary>Whether this is the key that was hashed; takes the same time for every answer.</summary>
    public bool Matches(byte[] hash)
    {
        Span<byte> own = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(own);
        return CryptographicOperations.FixedTimeEquals(own, hash);
    }

    /// <summary>The hint: a key that slips into a log or a message must not carry its secret there.</summary>
    public override string ToString() => Hint;

    private void Hash(Span<byte> hash)
    {
        Span<byte> text = stackalloc byte[Length];
        Encoding.ASCII.GetBytes(Text, text);
        SHA256.HashData(text, hash);
    }

    private static Mode? ModeOf(ReadOnlySpan<char> code)
    {
        foreach (var mode in Mode.All)
        {
            if (code.SequenceEqual(mode.Code))
            {
                return mode;
            }
        }

        return null;
    }

    private static string Checksum(ReadOnlySpan<char> body) => Base62.Encode(Crc32.Of(body), ChecksumLength);
}
