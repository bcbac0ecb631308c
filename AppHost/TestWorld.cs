using System.Security.Cryptography;
using ArdorQr.AppHost.Infrastructure;
using Aspire.Hosting.ApplicationModel;

namespace ArdorQr.AppHost;

/// <summary>
/// The outside of test mode: the services know it as an address, by the same settings that name the real outside of
/// live mode. Live mode has no world here.
/// </summary>
internal sealed class TestWorld(IResourceBuilder<ProjectResource> sandbox, KeptSecrets secrets)
{
    /// <summary>
    /// The first public key of RFC 8032, 7.1, whose private key everybody knows: nobody spends what is deposited on the
    /// sandbox's chain.
    /// </summary>
    private const string DepositPublicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    /// <summary>TON's test network; the sandbox's chain has its addresses.</summary>
    private const string TestnetGlobalId = "-3";

    private const int EncryptionKeyBytes = 32;

    private readonly EndpointReference _url = sandbox.GetEndpoint("http");

    public void Of(
        IResourceBuilder<ProjectResource> deposits, IResourceBuilder<ProjectResource> payments,
        IResourceBuilder<ProjectResource> webhooks, IResourceBuilder<ProjectResource> gateway)
    {
        deposits
            .WithEnvironment("Deposits__Worlds__Test__PublicKey", DepositPublicKey)
            .WithEnvironment("Deposits__Worlds__Test__NetworkGlobalId", TestnetGlobalId)
            .WithEnvironment("Deposits__Worlds__Test__ChainUrl", _url)
            .WithEnvironment("Deposits__Worlds__Test__FaucetUrl", _url)
            .WithEnvironment("Deposits__Worlds__Test__RateSources__0__Url", ReferenceExpression.Create($"{_url}/rates/usdt-rub"));
        payments
            .WithEnvironment("Payments__Rails__Test__Url", _url)
            .WithEnvironment("Payments__Rails__Test__Token", secrets.Password("rail-token"))
            .WithEnvironment("Payments__Rails__Test__CallbackSecret", secrets.Password("rail-callback-secret"));
        sandbox
            .WithEnvironment("Sandbox__RailToken", secrets.Password("rail-token"))
            .WithEnvironment("Sandbox__CallbackSecret", secrets.Password("rail-callback-secret"))
            .WithEnvironment("Sandbox__CallbackUrl", ReferenceExpression.Create($"{gateway.GetEndpoint("http")}/rail/callbacks/sandbox"));
        webhooks.WithEnvironment("Webhooks__EncryptionKey", secrets.Get(
            "webhook-encryption-key", () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(EncryptionKeyBytes))));
    }
}
