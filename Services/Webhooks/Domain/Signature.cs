using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ArdorQr.Webhooks.Domain;

/// <summary>The <c>X-Ardor-Signature</c> of a body, and the secrets that it is made with.</summary>
internal static class Signature
{
    public const string HeaderName = "X-Ardor-Signature";
    public const string EventIdHeaderName = "X-Ardor-Event-Id";
    public const string SecretPrefix = "whsec_";

    private const int SecretBytes = 32;

    /// <summary>
    /// A fresh secret: <c>whsec_</c> and 32 random bytes in base64url. All of the text is the HMAC's key.
    /// </summary>
    public static string NewSecret(RandomNumberGenerator random)
    {
        var bytes = new byte[SecretBytes];
        random.GetBytes(bytes);
        return SecretPrefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary><c>t=…,v1=…</c>, with one more <c>v1</c> for each further secret, the newest first.</summary>
    /// <param name="at">When the attempt is made; whole seconds are signed.</param>
    /// <param name="body">The bytes that are sent.</param>
    /// <param name="secrets">The secrets that are valid at that time, newest first.</param>
    public static string Header(DateTimeOffset at, ReadOnlySpan<byte> body, IReadOnlyList<string> secrets)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes(timestamp + "."), .. body];
        return $"t={timestamp}" + string.Concat(secrets.Select(secret => ",v1=" + Hmac(secret, signed)));
    }

    /// <summary>True if one of a header's <c>v1</c> is this secret's of this time and body; in constant time.</summary>
    public static bool Matches(SignatureHeader header, ReadOnlySpan<byte> body, string secret)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(header.Timestamp + "."), .. body];
        var expected = Encoding.ASCII.GetBytes(Hmac(secret, signed));
        return header.Values.Any(value =>
            CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(value.ToLowerInvariant()), expected));
    }

    private static string Hmac(string secret, byte[] signed) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed));
}
