using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using ArdorQr.Gateway.Database;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace ArdorQr.Gateway.Tests;

public sealed class ReplicaTests(GatewayFixture fixture)
{
    private const int OutageLimitMilliseconds = 60_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_revocation_reaches_another_replica_within_a_second()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        await using var replica = TestGateway.Start(fixture.Database, fixture.Settings);
        using var elsewhere = replica.ClientOf(merchant.TestKey);
        using (var before = await elsewhere.GetAsync("/v1/balance", Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        using (await live.DeleteAsync($"/v1/keys/{merchant.TestKeyId}", Cancellation))
        {
            var watch = Stopwatch.StartNew();
            await fixture.ReachedAsync(replica, Cancellation);
            Assert.InRange(watch.ElapsedMilliseconds, 0, 1_000);
        }

        using var after = await elsewhere.GetAsync("/v1/balance", Cancellation);
        await after.AssertErrorAsync(401, "api_key_revoked", Cancellation);
    }

    [Fact]
    public async Task A_service_replica_that_takes_no_connection_costs_no_request()
    {
        const int requests = 20;
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        await using var gateway = TestGateway.Start(fixture.Database, new Dictionary<string, string?>(fixture.Settings)
        {
            ["services:payments:http:0"] = StubService.DeadAddress(),
            ["services:payments:http:1"] = fixture.Payments.Address,
            ["services:payments:http:2"] = StubService.DeadAddress(),
        });
        using var client = gateway.ClientOf(merchant.TestKey);
        for (var number = 0; number < requests; number++)
        {
            var reference = $"{merchant.Id}-{number}";
            using var response = await client.PostAsJsonAsync("/v1/payments", new { reference }, Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(response.Headers.Contains("X-Request-Id"));
            Assert.Single(fixture.Payments.Seen, seen => seen.Body.Contains(reference, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_request_that_may_have_had_its_effect_is_not_sent_to_another_service_replica()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        await using var cut = await StubService.StartAsync("payments", Cancellation);
        cut.Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        await using var gateway = TestGateway.Start(fixture.Database, new Dictionary<string, string?>(fixture.Settings)
        {
            ["services:payments:http:0"] = cut.Address,
            ["services:payments:http:1"] = cut.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal),
        });
        using var client = gateway.ClientOf(merchant.TestKey);
        using var response = await client.PostAsJsonAsync("/v1/payments", new { reference = "cut" }, Cancellation);

        await response.AssertErrorAsync(502, "service_unavailable", Cancellation);
        Assert.Single(cut.Seen);
    }

    [Fact]
    public async Task A_watch_that_has_not_looked_for_a_second_looks_before_it_answers()
    {
        var time = new FakeTimeProvider();
        var watch = new ChangeWatch(fixture.Database.Database, time);
        await watch.EnsureFreshAsync(Cancellation);
        await BumpAsync(fixture.Database);
        var seen = watch.Version;

        time.Advance(TimeSpan.FromMilliseconds(1_000));
        await watch.EnsureFreshAsync(Cancellation);
        Assert.Equal(seen, watch.Version);

        time.Advance(TimeSpan.FromMilliseconds(1));
        await watch.EnsureFreshAsync(Cancellation);
        Assert.True(watch.Version > seen);
    }

    [Fact]
    public async Task What_was_read_before_a_change_of_its_merchant_no_longer_counts()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        var other = await fixture.Gateway.RegisterAsync(Cancellation);
        var watch = new ChangeWatch(fixture.Database.Database, new FakeTimeProvider());
        await watch.EnsureFreshAsync(Cancellation);
        var read = watch.Version;

        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        using (await live.DeleteAsync($"/v1/keys/{merchant.TestKeyId}", Cancellation))
        {
            await using var connection = await fixture.Database.DataSource.OpenConnectionAsync(Cancellation);
            await watch.LookAsync(connection, Cancellation);
        }

        Assert.False(watch.IsCurrent(merchant.Id, read));
        Assert.True(watch.IsCurrent(merchant.Id, watch.Version));
        Assert.True(watch.IsCurrent(other.Id, read));
    }

    [Fact(Timeout = OutageLimitMilliseconds)]
    public async Task A_replica_that_can_not_check_answers_503_and_recovers_by_itself()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, TestContext.Current.CancellationToken);
        await using var gateway = TestGateway.Start(database, fixture.Settings);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.TestKey);
        using (var before = await client.GetAsync("/v1/balance", Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        await AllowConnectionsAsync(database, false);
        using var refused = await RepeatUntilAsync(client, HttpStatusCode.ServiceUnavailable);
        await refused.AssertErrorAsync(503, "service_unavailable", Cancellation);

        await AllowConnectionsAsync(database, true);
        using var again = await RepeatUntilAsync(client, HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public void A_flood_of_unknown_keys_keeps_the_memory_bounded()
    {
        var cache = new GenerationCache<string, string>(100);
        for (var index = 0; index < 10_000; index++)
        {
            cache.Set($"{index}", "");
            Assert.True(index == 0 || cache.TryGet("0", out _), "What is asked for all the time is never forgotten.");
            Assert.InRange(cache.Count, 1, 200);
        }
    }

    /// <summary>Asks until the answer is the expected one; the test's own time-out is the limit.</summary>
    private static async Task<HttpResponseMessage> RepeatUntilAsync(HttpClient client, HttpStatusCode expected)
    {
        while (true)
        {
            var response = await client.GetAsync("/v1/balance", Cancellation);
            if (response.StatusCode == expected)
            {
                return response;
            }

            response.Dispose();
        }
    }

    private static async Task AllowConnectionsAsync(TestDatabase database, bool allowed)
    {
        var name = new NpgsqlConnectionStringBuilder(database.OwnerConnectionString).Database;
        var server = new NpgsqlConnectionStringBuilder(database.OwnerConnectionString) { Database = "postgres" };
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = $"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}";
        await command.ExecuteNonQueryAsync(Cancellation);
        if (!allowed)
        {
            command.CommandText = $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'";
            await command.ExecuteNonQueryAsync(Cancellation);
        }
    }

    private static async Task BumpAsync(TestDatabase database)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE gateway.change SET version = version + 1";
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
