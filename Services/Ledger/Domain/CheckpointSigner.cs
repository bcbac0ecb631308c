using System.Security.Cryptography;

namespace ArdorQr.Ledger.Domain;

/// <summary>Signs checkpoints by ES256: ECDSA on P-256 with SHA-256. The key comes from the settings, never from the database.</summary>
internal sealed class CheckpointSigner : IDisposable
{
    private const int KeyIdDigits = 16;

    private readonly Lock _lock = new();
    private readonly ECDsa _key;
    private readonly byte[] _publicKey;

    /// <param name="privateKey">P-256, PKCS#8: PEM, or its base64.</param>
    /// <exception cref="CryptographicException">It isn't one.</exception>
    /// <exception cref="FormatException">It is neither PEM nor base64.</exception>
    public CheckpointSigner(string privateKey)
    {
        _key = ECDsa.Create();
        if (privateKey.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            _key.ImportFromPem(privateKey);
        }
        else
        {
            _key.ImportPkcs8PrivateKey(Convert.FromBase64String(privateKey), out _);
        }

        if (_key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value
            != ECCurve.NamedCurves.nistP256.Oid.Value)
        {
            _key.Dispose();
            throw new CryptographicException("The key is on another curve than P-256.");
        }

        _publicKey = _key.ExportSubjectPublicKeyInfo();
        KeyId = $"checkpoint-{Convert.ToHexStringLower(SHA256.HashData(_publicKey))[..KeyIdDigits]}";
    }

    public string KeyId { get; }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    public SignedCheckpoint Sign(Checkpoint checkpoint)
    {
        lock (_lock) // One key's handle isn't for several threads.
        {
            return new SignedCheckpoint(checkpoint, KeyId, _publicKey, _key.SignData(
                checkpoint.SignedBytes, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        }
    }

    public void Dispose() => _key.Dispose();
}
