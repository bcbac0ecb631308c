using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Clients;

/// <summary>
/// Whose certificates are trusted: the system's roots and those of a setting. Nothing is fetched to judge one: an
/// address in a merchant's certificate would be a door into our network.
/// </summary>
internal sealed class ReceiverTls
{
    private readonly X509Certificate2Collection _additionalRoots = [];

    public ReceiverTls(IOptions<WebhooksOptions> options)
    {
        if (options.Value.AdditionalRootsFile is { Length: > 0 } file)
        {
            _additionalRoots.ImportFromPemFile(file);
        }
    }

    public SslClientAuthenticationOptions ClientOptions() => new()
    {
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors),
    };

    /// <summary>True for a certificate of this host that leads to a trusted root.</summary>
    public bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None
        || (errors == SslPolicyErrors.RemoteCertificateChainErrors && LeadsToAdditionalRoot(certificate, chain));

    private static X509ChainPolicy Policy() => new()
    {
        RevocationMode = X509RevocationMode.NoCheck, // A check is a request to an address that the certificate names.
        DisableCertificateDownloads = true,
    };

    private bool LeadsToAdditionalRoot(X509Certificate? certificate, X509Chain? received)
    {
        if (_additionalRoots.Count == 0 || certificate is not X509Certificate2 leaf || received is null)
        {
            return false;
        }

        using var chain = new X509Chain { ChainPolicy = Policy() };
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_additionalRoots);
        chain.ChainPolicy.ExtraStore.AddRange(received.ChainPolicy.ExtraStore);
        return chain.Build(leaf);
    }
}
