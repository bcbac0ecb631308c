using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.Extensions.Options;

namespace ArdorQr.Testing;

/// <summary>Keys for tests: one pair that every issuer signs with under its own id, and tokens made with it.</summary>
public static class TestIdentity
{
    /// <summary>All of them, by their names in tokens and addresses.</summary>
    public static IReadOnlyList<string> Services { get; } = ["gateway", "ledger", "deposits", "payments", "webhooks", "sandbox"];

    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>
    /// The settings with which a service trusts <see cref="CallerToken"/> and <see cref="ServiceToken"/>, and the keys of
    /// its own.
    /// </summary>
    public static Dictionary<string, string?> Settings(string service)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Identity:SigningKeyId"] = KeyId(service),
            ["Identity:SigningKey"] = Convert.ToBase64String(Key.ExportPkcs8PrivateKey()),
        };
        for (var index = 0; index < Services.Count; index++)
        {
            settings[$"Identity:Trusted:{index}:KeyId"] = KeyId(Services[index]);
            settings[$"Identity:Trusted:{index}:Issuer"] = Services[index];
            settings[$"Identity:Trusted:{index}:PublicKey"] = Convert.ToBase64String(Key.ExportSubjectPublicKeyInfo());
        }

        if (service == "ledger")
        {
            settings["Ledger:Checkpoints:SigningKey"] = Convert.ToBase64String(Key.ExportPkcs8PrivateKey());
        }

        return settings;
    }

    /// <summary>What the Gateway would send to <paramref name="audience"/> for this caller.</summary>
    public static string CallerToken(CallerIdentity caller, string audience) => Issuer("gateway").IssueCaller(caller, audience);

    public static string ServiceToken(string issuer, string audience, string scope) => Issuer(issuer).IssueService(audience, scope);

    /// <summary>A caller with every right.</summary>
    public static CallerIdentity Caller(Guid merchantId, Mode mode, long number = 1) =>
        new(merchantId, number, mode, merchantId, ["read", "pay", "keys", "webhooks"]);

    private static string KeyId(string issuer) => $"{issuer}-1";

    private static TokenIssuer Issuer(string name) => new(
        new ServiceName(name),
        Options.Create(new IdentityOptions { SigningKeyId = KeyId(name), SigningKey = Convert.ToBase64String(Key.ExportPkcs8PrivateKey()) }),
        TimeProvider.System);
}
