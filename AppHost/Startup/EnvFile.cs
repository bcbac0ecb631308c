using ArdorQr.AppHost.Infrastructure;
using Microsoft.Extensions.Configuration;

namespace ArdorQr.AppHost.Startup;

/// <summary>The addresses and keys of the running system, as shell variables; readable by the owner only.</summary>
internal sealed class EnvFile(
    AppHostSettings settings, KeptSecrets secrets, ServiceSet services, IConfiguration configuration)
{
    public void Write(DemoMerchant.Registered demo) =>
        KeptSecrets.WritePrivately(settings.EnvFile, $"""
            GATEWAY_URL={services.GatewayUrl}
            OPERATOR_URL={services.OperatorUrl}
            OPERATOR_TOKEN={secrets.Password(ServiceSet.OperatorToken)}
            SANDBOX_URL={services.UrlOf("sandbox")}
            DASHBOARD_URL={DashboardUrl()}
            DEMO_MERCHANT_ID={demo.Id}
            DEMO_TEST_KEY={demo.Keys.Test.Secret}
            DEMO_LIVE_KEY={demo.Keys.Live.Secret}
            SERVICE_URLS={string.Join(',', services.InnerUrls)}

            """);

    /// <summary>With the token that logs in; empty when the dashboard isn't started, as in tests.</summary>
    private string DashboardUrl() =>
        configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { Length: > 0 } address
        && configuration["AppHost:BrowserToken"] is { Length: > 0 } token
            ? $"{address}/login?t={token}"
            : "";
}
