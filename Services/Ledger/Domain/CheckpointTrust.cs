using System.Security.Cryptography;

namespace ArdorQr.Ledger.Domain;

/// <summary>The keys whose checkpoints are taken for ours: whoever writes to the database can sign with a key of their own.</summary>
internal sealed class CheckpointTrust : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ECDsa> _keys = [];

    /// <param name="publicKeys">SubjectPublicKeyInfo of each.</param>
    /// <exception cref="CryptographicException">One is no public key.</exception>
    public CheckpointTrust(IEnumerable<byte[]> publicKeys)
    {
        foreach (var publicKey in publicKeys)
        {
            var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            _keys[Convert.ToBase64String(publicKey)] = key;
        }
    }

    /// <summary>Why the checkpoint isn't ours, or null.</summary>
    public string? FaultOf(SignedCheckpoint signed)
    {
        var name = $"the checkpoint of {signed.Checkpoint.CreatedAt:O} at operation {signed.Checkpoint.Sequence}";
        if (!_keys.TryGetValue(Convert.ToBase64String(signed.PublicKey), out var key))
        {
            return $"{name} is signed by the unknown key {signed.KeyId}";
        }

        lock (_lock) // One key's handle isn't for several threads.
        {
            return key.VerifyData(
                signed.Checkpoint.SignedBytes, signed.Signature, HashAlgorithmName.SHA256,
                DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
                ? null
                : $"{name} was altered: its signature is of something else";
        }
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            key.Dispose();
        }
    }
}
