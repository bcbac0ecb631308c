using System.Net;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Webhooks.Tests;

/// <summary>Webhooks on a database that was restored to an earlier time: merchants hear nothing before the end.</summary>
public sealed class RestoredTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Until_the_recovery_is_ended_events_wait_and_neither_samples_nor_the_doctor_reach_the_receiver()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Recovery:Since"] = TimeProvider.System.GetUtcNow().AddMinutes(-1).ToString("O"),
            ["Recovery:SettleMinutes"] = "0",
        };
        await using var host = await WebhooksHost.StartAsync(Token, dispatching: true, settings: settings);
        await host.ConfigureAsync(Token);
        var told = await host.OweAsync(Token);
        var (sampled, sample) = await host.PostAsync("/v1/webhooks/test", new { type = "payment.failed" }, Token);
        var (status, refusal) = await DoctorTests.DiagnoseAsync(host);
        var recovery = host.Services.GetRequiredService<RecoveryState>();
        await Eventually.TrueAsync(
            async () => (await recovery.ReadAsync(Token)).Episode is { MatchedAt: not null, WaitsFor: null }, Token);

        Assert.Equal(HttpStatusCode.Accepted, sampled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal("service_unavailable", refusal.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(0, host.Receiver.Count);

        await recovery.EndAsync("anna", "matched", Token);
        Guid[] heard = [await NextIdAsync(host), await NextIdAsync(host)];
        Assert.Equal([.. heard.Order()], new[] { told, sample.GetProperty("eventId").GetGuid() }.Order());
        Assert.Equal(HttpStatusCode.OK, (await DoctorTests.DiagnoseAsync(host)).Status);
    }

    private static async Task<Guid> NextIdAsync(WebhooksHost host)
    {
        using var body = JsonDocument.Parse((await host.Receiver.NextAsync(Token)).Body);
        return body.RootElement.GetProperty("id").GetGuid();
    }
}
