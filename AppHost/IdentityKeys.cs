using System.Security.Cryptography;
using ArdorQr.AppHost.Infrastructure;
using Aspire.Hosting.ApplicationModel;

namespace ArdorQr.AppHost;

/// <summary>
/// An ES256 key pair per service, made once: each service gets its own private key and everybody's public ones.
/// </summary>
internal sealed class IdentityKeys(KeptSecrets secrets)
{
    private const int KeyIdCharacters = 8;

    public void GiveTo(IResourceBuilder<ProjectResource> service, IEnumerable<string> issuers)
    {
        var own = KeyOf(service.Resource.Name);
        service.WithEnvironment("Identity__SigningKeyId", own.Id).WithEnvironment("Identity__SigningKey", own.Private);
        foreach (var (index, trusted) in issuers.Index())
        {
            var key = KeyOf(trusted);
            service
                .WithEnvironment($"Identity__Trusted__{index}__KeyId", key.Id)
                .WithEnvironment($"Identity__Trusted__{index}__Issuer", trusted)
                .WithEnvironment($"Identity__Trusted__{index}__PublicKey", key.Public);
        }
    }

    /// <summary>A new ES256 key: PKCS#8, base64.</summary>
    public static string NewPrivateKey()
    {
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(made.ExportPkcs8PrivateKey());
    }

    private Key KeyOf(string issuer)
    {
        var privateKey = secrets.Get($"identity-{issuer}", NewPrivateKey);
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(privateKey), out _);
        var publicKey = key.ExportSubjectPublicKeyInfo();
        var id = $"{issuer}-{Convert.ToHexStringLower(SHA256.HashData(publicKey))[..KeyIdCharacters]}";
        return new(id, privateKey, Convert.ToBase64String(publicKey));
    }

    private sealed record Key(string Id, string Private, string Public);
}
