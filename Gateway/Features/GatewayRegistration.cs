using System.Diagnostics;
using System.Security.Cryptography;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Features.Operators;
using ArdorQr.Gateway.Features.Recovery;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Recovery;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;

namespace ArdorQr.Gateway.Features;

/// <summary>What the Gateway is made of, and the order in which a request meets it.</summary>
internal static class GatewayRegistration
{
    public static void AddGateway(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        services.AddOptionsWithValidateOnStart<GatewayOptions>().BindConfiguration(GatewayOptions.Section);
        services.AddSingleton<IValidateOptions<GatewayOptions>, TrustedProxiesValidator>();
        services.AddSingleton<IValidateOptions<LimitOptions>, LimitOptionsValidator>();
        services.AddOptionsWithValidateOnStart<LimitOptions>().BindConfiguration(LimitOptions.Section);
        services.AddSingleton<IValidateOptions<OperatorOptions>, OperatorOptionsValidator>();
        services.AddOptionsWithValidateOnStart<OperatorOptions>().BindConfiguration(OperatorOptions.Section);
        services.AddSingleton(RandomNumberGenerator.Create());
        services.AddSingleton<ChangeWatch>();
        services.AddSingleton<KnownKeys>();
        services.AddSingleton<KeyUses>();
        services.AddSingleton<RateUses>();
        services.AddSingleton<RegisterMerchant>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<DeadLetterQueues>();
        services.AddSingleton<ReconciliationClient>();
        services.AddSingleton<BooksClient>();
        services.AddSingleton<IValidateOptions<ReconciliationOptions>, ReconciliationOptionsValidator>();
        services.AddOptionsWithValidateOnStart<ReconciliationOptions>().BindConfiguration(ReconciliationOptions.Section);
        services.AddSingleton<ReconciliationMetrics>();
        services.AddTransient<AdjustBalance>(); // As its client is.
        services.AddTransient<SettlePayment>();
        services.AddTransient<DecideApproval>();
        builder.AddRecovery();
        services.AddSingleton<JumpNumbers>();
        services.AddSingleton<IRecoveryStep>(provider => provider.GetRequiredService<JumpNumbers>());
        services.AddRecoveryStep<AnnounceMerchantsAgain>();
        services.AddSingleton<RecoveryClient>();
        services.AddHostedService<WatchChanges>();
        services.AddHostedService<RecordKeyUses>();
        services.AddHostedService<ShareRateUses>();
        services.AddHostedService<RunReconciliations>();
        services.AddHostedService<MeasureDeadLetters>();
        services.AddRequestTimeouts();
        services.ConfigureOptions<SlowClients>();
        services.ConfigureOptions<CompleteRefusals>();
        services.AddPeers(builder.Configuration.GetSection("ReverseProxy:Clusters").GetChildren().Select(cluster => cluster.Key));
        services.AddServiceClient<WebhooksClient>(WebhooksClient.Service, WebhooksClient.Scope)
            .ConfigureHttpClient(client => client.Timeout = TimeSpan.FromSeconds(WebhooksClient.TimeoutSeconds));
        services.AddServiceClient<LedgerClient>(LedgerClient.Service, LedgerClient.Scope)
            .ConfigureHttpClient(client => client.Timeout = TimeSpan.FromSeconds(LedgerClient.TimeoutSeconds));
        services.AddServiceClient<PaymentsClient>(PaymentsClient.Service, PaymentsClient.Scope)
            .ConfigureHttpClient(client => client.Timeout = TimeSpan.FromSeconds(PaymentsClient.TimeoutSeconds));
        services.AddHttpClient(nameof(ReconciliationClient))
            .ConfigureHttpClient(client => client.Timeout = TimeSpan.FromSeconds(ReconciliationClient.TimeoutSeconds));
        services.AddHttpClient(nameof(RecoveryClient))
            .ConfigureHttpClient(client => client.Timeout = TimeSpan.FromSeconds(RecoveryClient.TimeoutSeconds));
        services.AddServiceClient<DepositsClient>(DepositsClient.Service, DepositsClient.Scope)
            .ConfigureHttpClient(client => client.Timeout = TimeSpan.FromSeconds(DepositsClient.TimeoutSeconds));
        services.Replace(ServiceDescriptor.Singleton<DistributedContextPropagator>(new StartOwnTrace.Propagator()));
        // With any other one the instrumentation would read the caller's traceparent again.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());
        builder.AddProxy();
    }

    public static void MapGateway(this WebApplication app)
    {
        app.UseMiddleware<HardenResponses>();
        app.UseTrustedProxies();
        app.UseMiddleware<StartOwnTrace>();
        SlowClients.UseTimeouts(app);
        app.UseMiddleware<LimitAddresses>();
        app.UseMiddleware<CheckOperator>();
        app.UseMiddleware<CheckKey>();
        app.MapGetAccount();
        app.MapListKeys();
        app.MapIssueKey();
        app.MapRevokeKey();
        app.MapPutWebhooks();
        app.MapRegisterMerchant();
        app.MapListMerchants();
        app.MapGetMerchant();
        app.MapSetMerchantStatus();
        app.MapManageMerchantKeys();
        app.MapAdjustBalance();
        app.MapListPaymentsInReview();
        app.MapSettlePayment();
        app.MapClearPayment();
        app.MapApprovals();
        app.MapListHeldDeposits();
        app.MapDecideDeposit();
        app.MapListCheckpoints();
        app.MapListNotices();
        app.MapDeadLetters();
        app.MapReconcile();
        app.MapStartReconciliation();
        app.MapAcceptDiscrepancy();
        app.MapShowRecovery();
        app.MapEndRecovery();
        app.MapUnmatchedTransfers();
        app.MapManageOperators();
        app.MapListAudit();
        app.MapServeContract();
        app.MapProxy();
    }
}
