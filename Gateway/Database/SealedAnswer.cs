using System.Security.Cryptography;
using System.Text;

namespace ArdorQr.Gateway.Database;

/// <summary>
/// An answer that holds secrets, kept so that only the repeated request itself opens it: AES-256-GCM under a key derived
/// from the operator's token and the Idempotency-Key, neither of which the database knows.
/// </summary>
internal static class SealedAnswer
{
    private const int KeyBytes = 32;
    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeaderBytes = SaltBytes + NonceBytes + TagBytes;

    private static readonly byte[] Purpose = "ardorqr operator answer:"u8.ToArray();

    public static byte[] Seal(byte[] answer, string token, string idempotencyKey, RandomNumberGenerator random)
    {
        var sealedAnswer = new byte[HeaderBytes + answer.Length];
        var salt = sealedAnswer.AsSpan(0, SaltBytes);
        var nonce = sealedAnswer.AsSpan(SaltBytes, NonceBytes);
        random.GetBytes(salt);
        random.GetBytes(nonce);
        using var cipher = new AesGcm(KeyOf(token, idempotencyKey, salt), TagBytes);
        cipher.Encrypt(
            nonce, answer, sealedAnswer.AsSpan(HeaderBytes), sealedAnswer.AsSpan(SaltBytes + NonceBytes, TagBytes));
        return sealedAnswer;
    }

    /// <summary>The answer, or null when it was sealed under another token or key.</summary>
    public static byte[]? TryOpen(ReadOnlySpan<byte> sealedAnswer, string token, string idempotencyKey)
    {
        var answer = new byte[sealedAnswer.Length - HeaderBytes];
        using var cipher = new AesGcm(KeyOf(token, idempotencyKey, sealedAnswer[..SaltBytes]), TagBytes);
        try
        {
            cipher.Decrypt(
                sealedAnswer.Slice(SaltBytes, NonceBytes), sealedAnswer[HeaderBytes..],
                sealedAnswer.Slice(SaltBytes + NonceBytes, TagBytes), answer);
            return answer;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static byte[] KeyOf(string token, string idempotencyKey, ReadOnlySpan<byte> salt)
    {
        var key = new byte[KeyBytes];
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(token), key, salt,
            (byte[])[.. Purpose, .. Encoding.UTF8.GetBytes(idempotencyKey)]);
        return key;
    }
}
