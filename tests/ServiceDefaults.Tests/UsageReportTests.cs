using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Messaging;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>Nothing is told to anybody outside but what a service is there to tell.</summary>
public sealed class UsageReportTests
{
    [Fact]
    public async Task The_messaging_library_reports_nothing_to_its_makers()
    {
        var builder = ServiceHost.CreateBuilder("ledger", []);
        builder.AddMessaging(_ => { });
        await using var app = builder.Build();

        Assert.False(app.Services.GetRequiredService<IOptions<UsageTelemetryOptions>>().Value.Enabled);
    }
}
