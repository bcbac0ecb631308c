using System.Net;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using ArdorQr.Webhooks.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ArdorQr.Webhooks.Tests;

/// <summary>What is forgotten, when, and what can't be.</summary>
public sealed class RetentionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_30_days_bodies_and_answers_go_and_the_record_stays()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        await AgeAsync(host, 29);
        await ForgetAsync(host);
        Assert.Equal(
            "ok", (await host.DeliveryAsync(Token)).GetProperty("attempts")[0].GetProperty("responseBody").GetString());

        await AgeAsync(host, 31);
        var fresh = await host.OweAsync(Token);
        await ForgetAsync(host);

        var deliveries = await host.DeliveriesAsync(Token);
        var old = deliveries[1];
        Assert.Equal("delivered", old.GetProperty("status").GetString());
        Assert.Equal(200, old.GetProperty("attempts")[0].GetProperty("responseStatus").GetInt32());
        Assert.Equal(JsonValueKind.Null, old.GetProperty("attempts")[0].GetProperty("responseBody").ValueKind);
        Assert.Equal(fresh,
            await host.ScalarAsync<Guid>("SELECT event_id FROM webhooks.event WHERE body IS NOT NULL", null, Token));
        using var resent = await host.Merchant().PostAsync(
            new Uri($"/v1/webhooks/deliveries/{old.GetProperty("id").GetString()}/resend", UriKind.Relative), null,
            Token);
        var error = (await resent.Content.ReadAsStringAsync(Token))!;
        Assert.Equal(HttpStatusCode.Conflict, resent.StatusCode);
        Assert.Contains("webhook_payload_expired", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_still_waits_when_its_body_goes_is_given_up_and_never_sent_empty()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.OweAsync(Token);
        await AgeAsync(host, 31);
        await ForgetAsync(host);

        await host.ConfigureAsync(Token);

        Assert.Equal(0, await host.DeliverDueAsync(Token));
        Assert.Equal("failed", (await host.DeliveryAsync(Token)).GetProperty("status").GetString());
        Assert.Equal("""{"resent":0,"hastened":0,"complete":true}""",
            (await host.PostAsync("/v1/webhooks/recover", new { since = "2020-01-01T00:00:00Z" }, Token))
                .Body.GetRawText());
    }

    [Fact]
    public async Task After_180_days_nothing_is_left_in_as_many_batches_as_it_takes()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var id = (await host.DeliveryAsync(Token)).GetProperty("id").GetString();
        await host.PostAsync($"/v1/webhooks/deliveries/{id}/resend", new { }, Token);
        await host.ExecuteAsync(
            """
            INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
            SELECT gen_random_uuid(), @MerchantId, 'test', 'payment.failed', '{}', now() FROM generate_series(1, 2500)
            """, new { host.MerchantId }, Token);
        await AgeAsync(host, 181);
        var kept = await host.OweAsync(Token);

        await ForgetAsync(host);

        Assert.Equal(kept, await host.ScalarAsync<Guid>("SELECT event_id FROM webhooks.event", null, Token));
        Assert.Equal(kept, await host.ScalarAsync<Guid>("SELECT event_id FROM webhooks.delivery", null, Token));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM webhooks.attempt", null, Token));
    }

    /// <summary>Else the whole table would be gone through for each of a batch's thousand rows.</summary>
    [Fact]
    public async Task What_refers_to_a_row_that_retention_deletes_is_found_by_an_index()
    {
        const string unindexedSql =
            """
            SELECT conrelid::regclass::text || '.' || conname FROM pg_constraint AS reference
            WHERE contype = 'f' AND confrelid IN ('webhooks.event'::regclass, 'webhooks.delivery'::regclass)
              AND NOT EXISTS (
                SELECT FROM pg_index
                WHERE indrelid = conrelid AND indkey[0] = conkey[1]
                  AND (indpred IS NULL
                    OR pg_get_expr(indpred, indrelid) = format('(%I IS NOT NULL)', (
                        SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]))))
            """;
        await using var host = await WebhooksHost.StartAsync(Token);
        await using var connection = await host.Database.Database.OpenAsync(Token);

        Assert.Empty(await connection.QueryAsync<string>(unindexedSql, null, Token));
    }

    [Fact]
    public async Task A_body_can_be_forgotten_and_never_changed()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.OweAsync(Token);

        await Assert.ThrowsAsync<PostgresException>(
            () => host.ExecuteAsync("UPDATE webhooks.event SET body = '{}'", null, Token));
    }

    private static Task ForgetAsync(WebhooksHost host) =>
        host.Services.GetServices<IHostedService>().OfType<ForgetOldEvents>().Single().ForgetAsync(Token);

    /// <summary>All events are of so many days ago; the owner's right, as the application has none.</summary>
    private static async Task AgeAsync(WebhooksHost host, int days)
    {
        await using var connection = new NpgsqlConnection(host.Database.OwnerConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(
            $"UPDATE webhooks.event SET stored_at = clock_timestamp() - interval '{days} days'", connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
