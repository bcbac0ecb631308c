using System.Diagnostics;
using System.Net;
using System.Text;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Features;
using ArdorQr.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ArdorQr.Gateway.Tests;

/// <summary>That a key or a right that is taken away is away at every replica within a second, whatever else is down.</summary>
public sealed class RevocationTests(GatewayFixture fixture)
{
    private const int LimitSeconds = 60;
    private const int ClientsPerReplica = 4;
    private const int TakenUnderLoad = 200;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>When a request was sent, and what became of it.</summary>
    private sealed record Asked(HttpStatusCode Status, long SentAt);

    [Fact]
    public async Task Under_load_and_without_a_broker_no_replica_takes_a_revoked_key_or_a_suspended_merchants_payment()
    {
        await using var first = Start(isBrokerDown: true);
        await using var second = Start(isBrokerDown: true);
        foreach (var replica in new[] { first, second })
        {
            using var ready = await replica.Operator.GetAsync("/health/ready", Cancellation);
            var bus = (await ready.JsonAsync(Cancellation)).GetProperty("checks").EnumerateObject()
                .Single(check => check.Name.Contains("bus", StringComparison.Ordinal));
            Assert.NotEqual("Healthy", bus.Value.GetProperty("status").GetString());
        }

        var (revoked, suspended) = (await first.RegisterAsync(Cancellation), await first.RegisterAsync(Cancellation));
        using var load = new Load();
        var clients = new[] { first, second }.SelectMany(replica => Enumerable.Range(0, ClientsPerReplica).SelectMany(_ => new[]
        {
            load.AskUntilAsync(replica, revoked.TestKey, HttpMethod.Get, "/v1/balance", HttpStatusCode.Unauthorized),
            load.AskUntilAsync(replica, suspended.TestKey, HttpMethod.Post, "/v1/payments", HttpStatusCode.Forbidden),
        })).ToList();
        await load.RunsAsync();

        using var live = first.ClientOf(revoked.LiveKey);
        using (await live.DeleteAsync($"/v1/keys/{revoked.TestKeyId}", Cancellation))
        using (await second.Operator.PostAsync($"/operator/merchants/{suspended.Id}/suspend", null, Cancellation))
        {
            var committed = Stopwatch.GetTimestamp();
            foreach (var asked in await Task.WhenAll(clients)) // Each ends by itself when it is refused.
            {
                Assert.All(asked.SkipLast(1), request => Assert.Equal(HttpStatusCode.OK, request.Status));
                AssertTakenWithinASecond(asked, committed);
            }
        }
    }

    [Fact]
    public async Task Under_load_a_replica_cut_off_from_the_database_answers_503_while_the_other_goes_on()
    {
        var connection = new NpgsqlConnectionStringBuilder(fixture.Database.ConnectionString);
        var server = connection.Port;
        await using var line = new TcpProxy(() => server);
        connection.Port = line.Port;
        await using var cutOff = Start(database: connection.ConnectionString);
        await using var other = Start();
        var merchant = await other.RegisterAsync(Cancellation);
        using var load = new Load();
        Task<List<Asked>>[] Clients(TestGateway gateway) => [.. Enumerable.Range(0, ClientsPerReplica).Select(_ =>
            load.AskUntilAsync(gateway, merchant.TestKey, HttpMethod.Get, "/v1/balance", HttpStatusCode.Unauthorized))];
        var (here, there) = (Clients(other), Clients(cutOff));
        await load.RunsAsync();

        var lostAt = Stopwatch.GetTimestamp();
        line.Cut();

        using var live = other.ClientOf(merchant.LiveKey);
        using var revocation = await live.DeleteAsync($"/v1/keys/{merchant.TestKeyId}", Cancellation);
        var committed = Stopwatch.GetTimestamp();
        foreach (var asked in await Task.WhenAll(here))
        {
            Assert.All(asked.SkipLast(1), request => Assert.Equal(HttpStatusCode.OK, request.Status));
            AssertTakenWithinASecond(asked, committed);
        }

        await load.UnavailableAsync();
        line.Restore();
        foreach (var asked in await Task.WhenAll(there))
        {
            AssertTakenWithinASecond(asked, committed);
            var lost = asked.SkipLast(1).SkipWhile(request => request.SentAt < lostAt);
            Assert.All(lost.SkipWhile(request => request.Status == HttpStatusCode.OK),
                request => Assert.Equal(HttpStatusCode.ServiceUnavailable, request.Status));
        }
    }

    /// <summary>Silence is worse than a refusal: nothing fails by itself.</summary>
    [Fact]
    public async Task A_replica_whose_database_falls_silent_answers_503_and_takes_no_revoked_key_when_it_is_back()
    {
        var connection = new NpgsqlConnectionStringBuilder(fixture.Database.ConnectionString);
        var server = connection.Port;
        await using var line = new TcpProxy(() => server);
        connection.Port = line.Port;
        await using var cutOff = Start(database: connection.ConnectionString);
        await using var other = Start();
        var merchant = await other.RegisterAsync(Cancellation);
        using var client = cutOff.ClientOf(merchant.TestKey);
        await Eventually.TrueAsync(async () => await AskAsync(client) == HttpStatusCode.OK, Cancellation);

        line.Silence();
        try
        {
            using var live = other.ClientOf(merchant.LiveKey);
            using var revocation = await live.DeleteAsync($"/v1/keys/{merchant.TestKeyId}", Cancellation);
            Assert.Equal(HttpStatusCode.OK, revocation.StatusCode);
            await Eventually.TrueAsync(async () => await AskAsync(client) == HttpStatusCode.ServiceUnavailable, Cancellation);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskAsync(client)); // And no old answer after it.
        }
        finally
        {
            line.Restore(); // Also for a stop: a silent server would keep it waiting.
        }

        await Eventually.TrueAsync(async () =>
        {
            var status = await AskAsync(client);
            Assert.NotEqual(HttpStatusCode.OK, status);
            return status == HttpStatusCode.Unauthorized;
        }, Cancellation);
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client)
    {
        using var response = await client.GetAsync(new Uri("/v1/balance", UriKind.Relative), Cancellation);
        return response.StatusCode;
    }

    [Theory]
    [InlineData(true)] // A notification, with an hour until the next look.
    [InlineData(false)] // A look, with no notification sent.
    public async Task A_notification_alone_is_enough_and_so_is_a_look_at_the_version(bool isNotified)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(LimitSeconds));
        var changes = new ChangeWatch(fixture.Database.Database, TimeProvider.System);
        var logger = NullLogger<WatchChanges>.Instance;
        using var watch = isNotified
            ? new WatchChanges(fixture.Database.Database, changes, TimeProvider.System, logger) { LookInterval = TimeSpan.FromHours(1) }
            : new WatchChanges(fixture.Database.Database, changes, TimeProvider.System, logger);
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        await watch.StartAsync(Cancellation);
        await changes.ReachedAsync(await VersionAsync("SELECT version FROM gateway.change"), limit.Token); // It listens by now.
        var read = changes.Version;

        var changed = Stopwatch.GetTimestamp();
        if (isNotified)
        {
            using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
            using var revocation = await live.DeleteAsync($"/v1/keys/{merchant.TestKeyId}", Cancellation);
            changed = Stopwatch.GetTimestamp();
            await changes.ReachedAsync(await VersionAsync("SELECT version FROM gateway.change"), limit.Token);
        }
        else
        {
            await changes.ReachedAsync(await VersionAsync(
                $"""
                WITH next AS (UPDATE gateway.change SET version = version + 1 RETURNING version),
                marked AS (UPDATE gateway.merchant SET changed_version = next.version FROM next WHERE id = '{merchant.Id}')
                SELECT version FROM next
                """), limit.Token);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(changed).TotalMilliseconds, 0, 1_000);
        Assert.False(changes.IsCurrent(merchant.Id, read));
        await watch.StopAsync(Cancellation);
    }

    private TestGateway Start(bool isBrokerDown = false, string? database = null)
    {
        var settings = new Dictionary<string, string?>(fixture.Settings)
        {
            ["Gateway:Limits:KeyRequests"] = "1000000",
            ["Gateway:Limits:AddressRequests"] = "1000000",
            ["ConnectionStrings:gateway"] = database ?? fixture.Database.ConnectionString,
        };
        return TestGateway.Start(fixture.Database, settings, isBrokerDown: isBrokerDown);
    }

    private async Task<long> VersionAsync(string sql)
    {
        await using var command = fixture.Database.DataSource.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    /// <summary>A request that was sent by then may still be taken; one sent later may not.</summary>
    private static void AssertTakenWithinASecond(List<Asked> asked, long committed) =>
        Assert.All(asked.Where(request => request.Status == HttpStatusCode.OK), request =>
            Assert.InRange(Stopwatch.GetElapsedTime(committed, request.SentAt).TotalMilliseconds, double.MinValue, 1_000));

    /// <summary>Clients that ask on and on, each until it gets the answer that ends it.</summary>
    private sealed class Load : IDisposable
    {
        private readonly CancellationTokenSource _limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        private readonly SemaphoreSlim _taken = new(0);
        private readonly SemaphoreSlim _unavailable = new(0);

        public Load() => _limit.CancelAfter(TimeSpan.FromSeconds(LimitSeconds));

        public async Task RunsAsync()
        {
            for (var count = 0; count < TakenUnderLoad; count++)
            {
                await _taken.WaitAsync(_limit.Token);
            }
        }

        public Task UnavailableAsync() => _unavailable.WaitAsync(_limit.Token);

        public Task<List<Asked>> AskUntilAsync(TestGateway gateway, string key, HttpMethod method, string path, HttpStatusCode last) =>
            Task.Run(async () =>
            {
                using var client = gateway.ClientOf(key);
                var asked = new List<Asked>();
                do
                {
                    var sentAt = Stopwatch.GetTimestamp();
                    using var request = new HttpRequestMessage(method, path);
                    request.Content = method == HttpMethod.Post ? new StringContent("{}", Encoding.UTF8, "application/json") : null;
                    using var response = await client.SendAsync(request, _limit.Token);
                    asked.Add(new Asked(response.StatusCode, sentAt));
                    (response.StatusCode == HttpStatusCode.ServiceUnavailable ? _unavailable : _taken).Release();
                }
                while (asked[^1].Status != last);
                return asked;
            }, Cancellation);

        public void Dispose()
        {
            _limit.Dispose();
            _taken.Dispose();
            _unavailable.Dispose();
        }
    }
}
