using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace ArdorQr.Ton;

/// <summary>
/// An account's address: workchain and 32-byte hash, equal by value whatever form it was read from.
/// </summary>
public readonly record struct TonAddress
{
    /// <summary>Bytes in the hash.</summary>
    public const int HashLengthBytes = 32;

    private const int HashLengthHex = HashLengthBytes * 2;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly ulong _fourth;

    /// <summary>Builds an address from its parts.</summary>
    /// <param name="workchain">−128 to 127; the chains in existence are 0 and −1.</param>
    /// <param name="hash">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The workchain is no int8.</exception>
    /// <exception cref="ArgumentException">The hash has another length.</exception>
    public TonAddress(int workchain, ReadOnlySpan<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workchain, sbyte.MinValue);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workchain, sbyte.MaxValue);
        if (hash.Length != HashLengthBytes)
        {
            throw new ArgumentException("The hash of an address has 32 bytes.", nameof(hash));
        }

        Workchain = workchain;
        _first = BinaryPrimitives.ReadUInt64BigEndian(hash);
        _second = BinaryPrimitives.ReadUInt64BigEndian(hash[8..]);
        _third = BinaryPrimitives.ReadUInt64BigEndian(hash[16..]);
        _fourth = BinaryPrimitives.ReadUInt64BigEndian(hash[24..]);
    }

    /// <summary>The workchain, an int8.</summary>
    public int Workchain { get; }

    /// <summary>Whether the workchain exists: 0 (accounts) or −1 (masterchain). Send nothing to any other.</summary>
    public bool IsKnownWorkchain => Workchain is 0 or -1;

    private string WorkchainText => Workchain.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads a raw ("0:hex", either case) or a friendly form (base64 or base64url, with checksum).</summary>
    /// <exception cref="TonFormatException">The text is neither.</exception>
    public static TonAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new TonFormatException("The text is no TON address.");

    /// <summary>As <see cref="Parse"/>; false, and never an exception, for any other text or null.</summary>
    public static bool TryParse(string? text, out TonAddress address) => TryParse(text, out address, out _);

    /// <summary>As the two-argument overload, with the flags of a friendly form; null flags for a raw one.</summary>
    public static bool TryParse(string? text, out TonAddress address, out TonAddressFlags? flags)
    {
        flags = null;
        if (text is null || text.Length != FriendlyAddress.LengthChars)
        {
            return TryParseRaw(text, out address); // The shortest raw form has 66 characters: no text is both.
        }

        if (!FriendlyAddress.TryParse(text, out address, out var parsed))
        {
            return false;
        }

        flags = parsed;
        return true;
    }

    /// <summary>"0:" and the hash in lower-case hex: how addresses are stored and compared.</summary>
    public string ToRaw() => $"{WorkchainText}:{Convert.ToHexStringLower(GetHash())}";

    /// <summary>"0:" and the hash in upper-case hex, as toncenter's API v3 prints it.</summary>
    public string ToRawUpper() => $"{WorkchainText}:{Convert.ToHexString(GetHash())}";

    /// <summary>The 48-character form in base64url, as wallets show it.</summary>
    public string ToFriendly(bool bounceable, bool testOnly) =>
        FriendlyAddress.Format(this, new TonAddressFlags(bounceable, testOnly));

    /// <summary>A copy of the 32 bytes of the hash.</summary>
    public byte[] GetHash()
    {
        var hash = new byte[HashLengthBytes];
        CopyHashTo(hash);
        return hash;
    }

    /// <summary>Writes the 32 bytes of the hash to the start of <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The destination is shorter.</exception>
    public void CopyHashTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _first);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _second);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _third);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _fourth);
    }

    /// <summary>The raw form in lower case.</summary>
    public override string ToString() => ToRaw();

    private static bool TryParseRaw(string? text, out TonAddress address)
    {
        address = default;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (text is null || colon is not (>= 1 and <= 4) || text.Length - colon != HashLengthHex + 1)
        {
            return false;
        }

        var workchainText = text.AsSpan(0, colon);
        Span<byte> hash = stackalloc byte[HashLengthBytes];
        var culture = CultureInfo.InvariantCulture;
        if (!sbyte.TryParse(workchainText, NumberStyles.AllowLeadingSign, culture, out var workchain)
            || !workchainText.SequenceEqual(workchain.ToString(culture)) // No "+0", "00", "-0".
            || Convert.FromHexString(text.AsSpan(colon + 1), hash, out _, out _) != OperationStatus.Done)
        {
            return false;
        }

        address = new TonAddress(workchain, hash);
        return true;
    }
}
