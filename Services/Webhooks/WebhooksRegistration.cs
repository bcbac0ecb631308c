using System.Net;
using System.Security.Cryptography;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Clients;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Domain;
using ArdorQr.Webhooks.Features;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks;

/// <summary>What the service is made of.</summary>
internal static class WebhooksRegistration
{
    public static void AddWebhooks(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<WebhooksOptions>, WebhooksOptionsValidator>();
        services.AddSingleton<IValidateOptions<WebhooksOptions>, WebhooksOptionsRules>();
        services.AddOptionsWithValidateOnStart<WebhooksOptions>().BindConfiguration(WebhooksOptions.Section);
        services.AddSingleton(_ => RandomNumberGenerator.Create());
        services.AddSingleton(_ => new SystemNames(Dns.GetHostAddresses));
        services.AddSingleton<ResolveHost>(
            static provider => provider.GetRequiredService<SystemNames>().ResolveAsync);
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<WebhooksOptions>>().Value;
            return new SecretCipher(new Seals(
                options.EncryptionKey!, options.RetiredEncryptionKeys,
                provider.GetRequiredService<RandomNumberGenerator>()));
        });
        services.AddSingleton<OpenConnection>(Sockets.ConnectAsync);
        services.AddSingleton<GuardedConnections>();
        services.AddSingleton<ReceiverTls>();
        services.AddSingleton<ReceiverProbe>();
        services.AddSingleton<WebhookClient>();
        services.AddSingleton<AttemptRecords>();
        services.AddSingleton<RecordAttempts>();
        services.AddSingleton<DeliverySignal>();
        services.AddSingleton<ClaimedWork>();
        services.AddSingleton<EventIntake>();
        services.AddSingleton<ConfigureEndpoint>();
        services.AddSingleton<ToolLimit>();
        services.AddSingleton<RecoverDeliveries>();
        services.AddSingleton<DiagnoseEndpoint>();
        services.AddSingleton<ExplainSignature>();
        services.AddSingleton<AttemptDelivery>();
        builder.AddRecovery();
        services.AddHostedService<DispatchDeliveries>();
        services.AddHostedService<FinishPauses>();
        services.AddHostedService<ResealSecrets>();
        services.AddHostedService<ForgetOldEvents>();
        services.AddHostedService<MeasureBacklog>();
    }
}
