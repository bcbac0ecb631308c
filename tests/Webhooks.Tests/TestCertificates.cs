using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ArdorQr.Webhooks.Tests;

/// <summary>An authority of a test's own, with an intermediate one, and the certificates that it issues.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;

    public TestCertificates()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = Authority("Test Root", rootKey);
        _root = root.CreateSelfSigned(now.AddDays(-10), now.AddDays(365));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = Authority("Test Intermediate", key).Create(_root, now.AddDays(-10), now.AddDays(360), [1]);
        _intermediate = signed.CopyWithPrivateKey(key);
        RootFile = Path.GetTempFileName();
        File.WriteAllText(RootFile, _root.ExportCertificatePem());
    }

    /// <summary>The root in PEM, as the setting takes it.</summary>
    public string RootFile { get; }

    /// <summary>A server's certificate of the root.</summary>
    public X509Certificate2 Issue(string host, int days = 90) => Issue(host, days, _root, null);

    /// <summary>
    /// A server's certificate of the intermediate authority, with the place where that one's can be fetched.
    /// </summary>
    public X509Certificate2 IssueByIntermediate(string host, Uri fetch) => Issue(host, 90, _intermediate, fetch);

    public void Dispose()
    {
        File.Delete(RootFile);
        _root.Dispose();
        _intermediate.Dispose();
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private static X509Certificate2 Issue(string host, int days, X509Certificate2 issuer, Uri? fetch)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        if (fetch is not null)
        {
            request.CertificateExtensions.Add(
                new X509AuthorityInformationAccessExtension([fetch.ToString()], [fetch.ToString()]));
        }

        using var signed = request.Create(
            issuer, now.AddDays(Math.Min(-1, days - 1)), now.AddDays(days), RandomNumberGenerator.GetBytes(8));
        using var certificate = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
