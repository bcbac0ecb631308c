using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;

namespace ArdorQr.Webhooks.Domain;

/// <summary>A secret as it is stored: unreadable without the key that <paramref name="KeyId"/> names.</summary>
/// <param name="Bytes">Nonce (12 bytes), tag (16 bytes), ciphertext.</param>
/// <param name="KeyId">The first 16 hex digits of the key's SHA-256.</param>
internal sealed record SealedSecret(byte[] Bytes, string KeyId);

/// <summary>
/// Seals endpoints' secrets by AES-256-GCM, bound to their merchant and mode, so that a row copied to another merchant
/// can't be opened. New secrets go under the current key; those under retired keys stay readable.
/// </summary>
internal sealed class SecretCipher
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyIdDigits = 16;

    private readonly RandomNumberGenerator _random;
    private readonly Dictionary<string, byte[]> _keys;

    /// <param name="currentKey">32 bytes in base64.</param>
    /// <param name="retiredKeys">Earlier ones, in the same form.</param>
    /// <param name="random">Where nonces come from.</param>
    public SecretCipher(string currentKey, IEnumerable<string> retiredKeys, RandomNumberGenerator random)
    {
        _random = random;
        var current = Convert.FromBase64String(currentKey);
        CurrentKeyId = IdOf(current);
        _keys = retiredKeys.Select(Convert.FromBase64String).Append(current).DistinctBy(IdOf).ToDictionary(IdOf);
    }

    /// <summary>The key that new secrets are sealed under.</summary>
    public string CurrentKeyId { get; }

    public static bool IsKey(string? text)
    {
        var bytes = new byte[KeyBytes + 3];
        return text is not null && Convert.TryFromBase64String(text, bytes, out var written) && written == KeyBytes;
    }

    public SealedSecret Seal(string secret, Guid merchantId, Mode mode)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var bytes = new byte[NonceBytes + TagBytes + plain.Length];
        var nonce = bytes.AsSpan(0, NonceBytes);
        _random.GetBytes(nonce);
        using var aes = new AesGcm(_keys[CurrentKeyId], TagBytes);
        aes.Encrypt(
            nonce, plain, bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes),
            OwnerOf(merchantId, mode));
        return new SealedSecret(bytes, CurrentKeyId);
    }

    /// <exception cref="CryptographicException">
    /// The key is unknown, or the bytes were changed or are another's.
    /// </exception>
    public string Open(SealedSecret secret, Guid merchantId, Mode mode)
    {
        if (!_keys.TryGetValue(secret.KeyId, out var key))
        {
            throw new CryptographicException(
                $"A webhook secret is sealed under the key {secret.KeyId}, which is not set here.");
        }

        var bytes = secret.Bytes.AsSpan();
        var plain = new byte[bytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(
            bytes[..NonceBytes], bytes[(NonceBytes + TagBytes)..], bytes.Slice(NonceBytes, TagBytes), plain,
            OwnerOf(merchantId, mode));
        return Encoding.UTF8.GetString(plain);
    }

    private static string IdOf(byte[] key) => Convert.ToHexStringLower(SHA256.HashData(key))[..KeyIdDigits];

    private static byte[] OwnerOf(Guid merchantId, Mode mode) => Encoding.ASCII.GetBytes($"{merchantId:D}/{mode.Code}");
}
