using System.Security.Cryptography;
using ArdorQr.AppHost.Infrastructure;
using Aspire.Hosting.ApplicationModel;

namespace ArdorQr.AppHost;

/// <summary>
/// The outside of test mode: the services know it as addresses, by the same settings that name the real outside of live
/// mode. Live mode has no world here.
/// </summary>
internal sealed class TestWorld(IResourceBuilder<ProjectResource> sandbox, KeptSecrets secrets)
{
    private const string Name = "sandbox";

    /// <summary>
    /// The first public key of RFC 8032, 7.1, whose private key everybody knows: nobody spends what is deposited on the
    /// sandbox's chain.
    /// </summary>
    private const string DepositPublicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    /// <summary>TON's test network; the sandbox's chain has its addresses.</summary>
    private const string TestnetGlobalId = "-3";

    /// <summary>The master of the sandbox's USDT; no such contract exists on a real chain.</summary>
    private const string JettonMaster = "0:a149cbe6d9c26f4c39ad944cbe03c6b165358394f6e439708647fb043a6410df";

    private const int EncryptionKeyBytes = 32;

    private readonly EndpointReference _url = sandbox.GetEndpoint("http");

    public void ConnectDeposits(IResourceBuilder<ProjectResource> deposits)
    {
        deposits
            .WithEnvironment("Deposits__Worlds__Test__PublicKey", DepositPublicKey)
            .WithEnvironment("Deposits__Worlds__Test__NetworkGlobalId", TestnetGlobalId)
            .WithEnvironment("Deposits__Worlds__Test__JettonMaster", JettonMaster)
            .WithEnvironment("Deposits__Worlds__Test__ChainUrl", At("/chain"))
            .WithDefault("Deposits__Worlds__Test__PollIntervalMilliseconds", "500")
            .WithEnvironment("Deposits__Worlds__Test__FaucetUrl", At("/faucet/v1/transfers"))
            .WithEnvironment("Deposits__Worlds__Test__FaucetToken", secrets.Password("faucet-token"))
            .WithEnvironment("Deposits__Worlds__Test__RateSources__0__Name", Name)
            .WithEnvironment("Deposits__Worlds__Test__RateSources__0__Kind", Name)
            .WithEnvironment("Deposits__Worlds__Test__RateSources__0__Url", At("/rates/v1/usdt-rub"));
        sandbox
            .WithEnvironment("Sandbox__JettonMaster", JettonMaster)
            .WithEnvironment("Sandbox__FaucetToken", secrets.Password("faucet-token"));
    }

    public void ConnectPayments(IResourceBuilder<ProjectResource> payments, IResourceBuilder<ProjectResource> gateway)
    {
        payments
            .WithEnvironment("Payments__Rails__Test__Name", Name)
            .WithEnvironment("Payments__Rails__Test__Environment", Name)
            .WithEnvironment("Payments__Rails__Test__Url", _url)
            .WithEnvironment("Payments__Rails__Test__Token", secrets.Password("rail-token"))
            .WithEnvironment("Payments__Rails__Test__CallbackSecret", secrets.Password("rail-callback-secret"))
            .WithEnvironment("Payments__EncryptionKey", EncryptionKey("payments-encryption-key"))
            .WithEnvironment("Payments__SealsRows", "true")
            // Hours with a bank; here somebody watches.
            .WithDefault("Payments__CutOffSeconds", "15")
            .WithDefault("Payments__ReviewSeconds", "30");
        sandbox
            .WithEnvironment("Sandbox__RailToken", secrets.Password("rail-token"))
            .WithEnvironment("Sandbox__CallbackSecret", secrets.Password("rail-callback-secret"))
            .WithEnvironment("Sandbox__CallbackUrl", ReferenceExpression.Create(
                $"{gateway.GetEndpoint("http")}/rail/callbacks/{Name}"));
    }

    /// <summary>Receivers of test mode may be on this machine; Production refuses to start with that.</summary>
    public void ConnectWebhooks(IResourceBuilder<ProjectResource> webhooks) =>
        webhooks
            .WithDefault("Webhooks__AllowLoopbackReceivers", "true")
            .WithEnvironment("Webhooks__EncryptionKey", EncryptionKey("webhook-encryption-key"));

    private string EncryptionKey(string name) =>
        secrets.Get(name, () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(EncryptionKeyBytes)));

    private ReferenceExpression At(string path) => ReferenceExpression.Create($"{_url}{path}");
}

internal static class Defaults
{
    /// <summary>A setting that a variable of the same name, given to the start, overrides.</summary>
    public static IResourceBuilder<ProjectResource> WithDefault(
        this IResourceBuilder<ProjectResource> service, string name, string value) =>
        service.WithEnvironment(name, Environment.GetEnvironmentVariable(name) ?? value);
}
