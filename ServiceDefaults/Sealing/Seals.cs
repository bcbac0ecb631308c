using System.Security.Cryptography;

namespace ArdorQr.ServiceDefaults.Sealing;

/// <summary>Bytes as they are stored: unreadable without the key that <paramref name="KeyId"/> names.</summary>
/// <param name="Bytes">Nonce (12 bytes), tag (16 bytes), ciphertext.</param>
/// <param name="KeyId">The first 16 hex digits of the key's SHA-256.</param>
public sealed record SealedBytes(byte[] Bytes, string KeyId);

/// <summary>
/// Seals what a database stores by AES-256-GCM, bound to its owner, so that bytes copied to another row can't be opened.
/// What is new goes under the current key; what is under retired keys stays readable.
/// </summary>
public sealed class Seals
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyIdDigits = 16;

    private readonly RandomNumberGenerator _random;
    private readonly Dictionary<string, byte[]> _keys;
    private readonly byte[] _lookupKey;

    /// <param name="currentKey">32 bytes in base64.</param>
    /// <param name="retiredKeys">Earlier ones, in the same form.</param>
    /// <param name="random">Where nonces come from.</param>
    public Seals(string currentKey, IEnumerable<string> retiredKeys, RandomNumberGenerator random)
    {
        _random = random;
        var current = Convert.FromBase64String(currentKey);
        CurrentKeyId = IdOf(current);
        _keys = retiredKeys.Select(Convert.FromBase64String).Append(current).DistinctBy(IdOf).ToDictionary(IdOf);
        _lookupKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, current, KeyBytes, info: "lookup"u8.ToArray());
    }

    /// <summary>The key that is sealed under now.</summary>
    public string CurrentKeyId { get; }

    /// <summary>Whether there are keys besides the current one, under which something may be stored still.</summary>
    public bool HasRetiredKeys => _keys.Count > 1;

    public static bool IsKey(string? text)
    {
        var bytes = new byte[KeyBytes + 3];
        return text is not null && Convert.TryFromBase64String(text, bytes, out var written) && written == KeyBytes;
    }

    /// <param name="plain">What is sealed.</param>
    /// <param name="owner">The row that it belongs to; it must be named the same to open it.</param>
    public SealedBytes Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> owner)
    {
        var bytes = new byte[NonceBytes + TagBytes + plain.Length];
        var nonce = bytes.AsSpan(0, NonceBytes);
        _random.GetBytes(nonce);
        using var aes = new AesGcm(_keys[CurrentKeyId], TagBytes);
        aes.Encrypt(nonce, plain, bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), owner);
        return new SealedBytes(bytes, CurrentKeyId);
    }

    /// <exception cref="CryptographicException">
    /// The key is unknown, or the bytes were changed or are another's.
    /// </exception>
    public byte[] Open(SealedBytes stored, ReadOnlySpan<byte> owner)
    {
        if (!_keys.TryGetValue(stored.KeyId, out var key))
        {
            throw new CryptographicException($"Sealed under the key {stored.KeyId}, which is not set here.");
        }

        var bytes = stored.Bytes.AsSpan();
        if (bytes.Length < NonceBytes + TagBytes)
        {
            throw new CryptographicException("Too short to have been sealed.");
        }

        var plain = new byte[bytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(
            bytes[..NonceBytes], bytes[(NonceBytes + TagBytes)..], bytes.Slice(NonceBytes, TagBytes), plain, owner);
        return plain;
    }

    /// <summary>
    /// By which equal values are found without being opened: 32 bytes that only who has the current key can make. Those
    /// of two keys can't be compared.
    /// </summary>
    public byte[] LookupOf(ReadOnlySpan<byte> plain) => HMACSHA256.HashData(_lookupKey, plain);

    private static string IdOf(byte[] key) => Convert.ToHexStringLower(SHA256.HashData(key))[..KeyIdDigits];
}
