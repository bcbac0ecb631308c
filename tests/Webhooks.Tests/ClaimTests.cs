using System.Text.Json;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Domain;
using ArdorQr.Webhooks.Features;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ArdorQr.Webhooks.Tests;

/// <summary>Who may attempt a delivery: one at a time, for as long as its lease.</summary>
public sealed class ClaimTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lost_lease_records_nothing()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(500);
        await host.OweAsync(Token);
        var paused = Assert.Single(await host.ClaimAsync(Token));
        await host.MakeDueAsync(Token); // Its lease runs out while it hangs.
        host.Receiver.AnswerWith(200);
        var taker = Assert.Single(await host.ClaimAsync(Token));

        await host.AttemptAsync(paused, Token);
        Assert.Equal("pending", (await host.DeliveryAsync(Token)).GetProperty("status").GetString());
        await host.AttemptAsync(taker, Token);

        var delivery = await host.DeliveryAsync(Token);
        Assert.Equal("delivered", delivery.GetProperty("status").GetString());
        Assert.Single(delivery.GetProperty("attempts").EnumerateArray());
    }

    [Fact]
    public async Task A_claimed_delivery_is_nobody_elses_until_its_lease_is_over()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        var first = Assert.Single(await host.ClaimAsync(Token));

        Assert.Empty(await host.ClaimAsync(Token));
        await host.ExecuteAsync(
            "UPDATE webhooks.delivery SET leased_until = clock_timestamp() - interval '1 second'", null, Token);

        Assert.Equal(first.Epoch + 1, Assert.Single(await host.ClaimAsync(Token)).Epoch);
    }

    [Fact]
    public async Task Claims_made_at_once_never_overlap_and_never_wait_for_each_other()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        for (var count = 0; count < 30; count++)
        {
            await host.OweAsync(Token);
        }

        await using var open = await host.Database.Database.BeginAsync(Token);
        var first = await DeliveryClaims.TakeAsync(open.Connection, new ClaimLimits(10, 10, 10, 10), Token);
        var second = await host.ClaimAsync(Token);
        await open.CommitAsync(Token);

        Assert.Equal(10, first.Count);
        Assert.Equal(20, second.Count);
        Assert.Equal(30, first.Concat(second).DistinctBy(claim => claim.Id).Count());
    }

    [Fact]
    public async Task An_attempt_that_cannot_be_recorded_keeps_no_other_from_it()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        for (var count = 0; count < 5; count++)
        {
            await host.OweAsync(Token);
        }

        var claims = await host.ClaimAsync(Token);
        var records = host.Services.GetRequiredService<RecordAttempts>();
        var tooLong = new string('x', Answer.MaxKeptBytes + 1); // The database refuses it.
        var recorded = claims.Select((claim, index) => records.AddAsync(
            new FinishedAttempt(claim, Events.CreatedAt,
                new Answer { Status = 200, Body = index == 2 ? tooLong : "ok" }, null), Token)).ToList();

        foreach (var (claim, index) in claims.Select((claim, index) => (claim, index)))
        {
            if (index == 2)
            {
                await Assert.ThrowsAsync<Npgsql.PostgresException>(() => recorded[index]);
            }
            else
            {
                Assert.True(await recorded[index]);
            }
        }

        Assert.Equal(4, (await host.DeliveriesAsync(Token, "?status=delivered")).Count);
    }

    [Fact]
    public async Task A_claim_touches_about_what_it_takes_though_the_planner_has_seen_no_pending_delivery_of_late()
    {
        const int claimed = 100;
        const int maxBlocks = 100 * claimed;
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await using var owner = new NpgsqlConnection(host.Database.OwnerConnectionString);
        await owner.OpenAsync(Token);
        const string oldSql =
            """
            ALTER TABLE webhooks.delivery SET (autovacuum_enabled = off);
            ALTER TABLE webhooks.event SET (autovacuum_enabled = off);
            INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
            SELECT gen_random_uuid(), @MerchantId, 'test', 'payment.failed', '{}', now() FROM generate_series(1, 20000);
            INSERT INTO webhooks.delivery (
                id, event_id, merchant_id, mode, paused, status, attempts, next_attempt_at, delivered_at)
            SELECT gen_random_uuid(), event_id, merchant_id, mode, false, 'delivered', 1, NULL, now()
            FROM webhooks.event;
            ANALYZE webhooks.event, webhooks.delivery, webhooks.endpoint;
            """;
        const string dueSql =
            """
            WITH due AS (
                INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
                SELECT gen_random_uuid(), @MerchantId, 'test', 'payment.failed', '{}', now()
                FROM generate_series(1, 5000) RETURNING event_id, merchant_id, mode)
            INSERT INTO webhooks.delivery (id, event_id, merchant_id, mode, paused)
            SELECT gen_random_uuid(), event_id, merchant_id, mode, false FROM due
            """;
        await owner.ExecuteAsync(oldSql, new { host.MerchantId }, Token);
        await owner.ExecuteAsync(dueSql, new { host.MerchantId }, Token);

        var plan = await owner.QuerySingleAsync<string>(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + DeliveryClaims.TakeSql,
            DeliveryClaims.ParametersOf(new ClaimLimits(claimed, claimed, claimed, claimed)), Token);

        var top = JsonDocument.Parse(plan).RootElement[0].GetProperty("Plan");
        Assert.Equal(claimed, top.GetProperty("Actual Rows").GetDouble());
        Assert.InRange(
            top.GetProperty("Shared Hit Blocks").GetInt64() + top.GetProperty("Shared Read Blocks").GetInt64(),
            claimed, maxBlocks);
    }

    [Fact]
    public async Task An_endpoint_never_has_more_claimed_than_its_share_however_often_it_is_claimed()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        for (var count = 0; count < 20; count++)
        {
            await host.OweAsync(Token);
        }

        await using var connection = await host.Database.Database.OpenAsync(Token);
        var limits = new ClaimLimits(Total: 5, Troubled: 5, PerEndpoint: 8, PerFailingEndpoint: 2);
        var claimed = new List<int>();
        for (var count = 0; count < 4; count++)
        {
            claimed.Add((await DeliveryClaims.TakeAsync(connection, limits, Token)).Count);
        }

        Assert.Equal([5, 3, 0, 0], claimed);
    }
}
