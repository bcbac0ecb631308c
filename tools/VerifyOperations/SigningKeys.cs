using System.Security.Cryptography;

namespace ArdorQr.VerifyOperations;

/// <summary>The public keys that may have signed a checkpoint: ES256, so P-256 with SHA-256.</summary>
internal sealed class SigningKeys : IDisposable
{
    private readonly List<ECDsa> _keys = [];

    public bool Any => _keys.Count > 0;

    /// <param name="given">PEM files, files with base64, or base64 itself.</param>
    /// <exception cref="CryptographicException">One is no public key.</exception>
    /// <exception cref="FormatException">One is neither a file nor base64.</exception>
    public static SigningKeys Read(IEnumerable<string> given)
    {
        var keys = new SigningKeys();
        foreach (var value in given)
        {
            var text = File.Exists(value) ? File.ReadAllText(value).Trim() : value;
            var key = ECDsa.Create();
            keys._keys.Add(key);
            if (text.StartsWith("-----BEGIN", StringComparison.Ordinal))
            {
                key.ImportFromPem(text);
            }
            else
            {
                key.ImportSubjectPublicKeyInfo(BytesOf(text, value), out _);
            }
        }

        return keys;
    }

    private static byte[] BytesOf(string text, string given)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw new FormatException($"--public-key {given}: there is no such file, or neither it nor this is base64 or PEM.");
        }
    }

    public bool HaveSigned(Checkpoint checkpoint)
    {
        var signature = new byte[checkpoint.Signature.Length];
        if (!Convert.TryFromBase64String(checkpoint.Signature, signature, out var length))
        {
            return false;
        }

        var signed = Canonical.SignedBytesOf(checkpoint);
        return _keys.Any(key => key.VerifyData(
            signed, signature.AsSpan(0, length), HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    public void Dispose() => _keys.ForEach(key => key.Dispose());
}
