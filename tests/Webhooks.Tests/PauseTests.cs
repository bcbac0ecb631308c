using ArdorQr.Webhooks.Database;

namespace ArdorQr.Webhooks.Tests;

/// <summary>A change of an endpoint with more deliveries than one transaction should touch.</summary>
public sealed class PauseTests
{
    private const int Events = DeliveryPauses.MaxBatch + 500;
    private const string PausedSql = "SELECT count(*) FROM webhooks.delivery WHERE paused";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_long_queue_is_resumed_and_paused_piece_by_piece_and_the_pause_holds_at_once()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.OweAsync(Token);
        await host.ExecuteAsync(
            """
            WITH stored AS (
                INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
                SELECT gen_random_uuid(), @MerchantId, 'test', 'payment.failed', '{}', now()
                FROM generate_series(2, @Events)
                RETURNING event_id)
            INSERT INTO webhooks.delivery (id, event_id, merchant_id, mode, paused)
            SELECT gen_random_uuid(), event_id, @MerchantId, 'test', true FROM stored
            """, new { host.MerchantId, Events }, Token);

        await host.ConfigureAsync(Token);
        await Testing.Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>(PausedSql, null, Token) == 0, Token);
        using var disabled = await host.PutAsync(new { url = host.Receiver.Url, enabled = false }, Token);

        Assert.Empty(await host.ClaimAsync(Token));
        Assert.Equal(System.Text.Json.JsonValueKind.Null,
            (await host.DeliveriesAsync(Token, "?limit=1"))[0].GetProperty("nextAttemptAt").ValueKind);
        await Testing.Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>(PausedSql, null, Token) == Events, Token);
    }

    [Fact]
    public async Task A_change_of_settings_does_not_wait_for_an_attempt_that_is_being_recorded()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.OweAsync(Token);
        await using (var recording = await host.Database.Database.BeginAsync(Token))
        {
            const string sql = "SELECT 1 FROM webhooks.delivery ORDER BY id DESC LIMIT 1 FOR UPDATE";
            await recording.ExecuteAsync(sql, null, Token);

            var disabling = host.PutAsync(new { url = host.Receiver.Url, enabled = false }, Token);

            using var disabled = await disabling.WaitAsync(TimeSpan.FromSeconds(10), Token);
            Assert.True(disabled.IsSuccessStatusCode);
        }

        await Testing.Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>(PausedSql, null, Token) == 2, Token);
    }
}
