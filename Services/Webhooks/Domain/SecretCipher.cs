using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Sealing;

namespace ArdorQr.Webhooks.Domain;

/// <summary>
/// Seals endpoints' secrets, bound to their merchant and mode, so that a row copied to another merchant can't be opened.
/// </summary>
internal sealed class SecretCipher(Seals seals)
{
    /// <summary>The key that new secrets are sealed under.</summary>
    public string CurrentKeyId => seals.CurrentKeyId;

    public SealedBytes Seal(string secret, Guid merchantId, Mode mode) =>
        seals.Seal(Encoding.UTF8.GetBytes(secret), OwnerOf(merchantId, mode));

    /// <exception cref="CryptographicException">
    /// The key is unknown, or the bytes were changed or are another's.
    /// </exception>
    public string Open(SealedBytes secret, Guid merchantId, Mode mode) =>
        Encoding.UTF8.GetString(seals.Open(secret, OwnerOf(merchantId, mode)));

    private static byte[] OwnerOf(Guid merchantId, Mode mode) => Encoding.ASCII.GetBytes($"{merchantId:D}/{mode.Code}");
}
