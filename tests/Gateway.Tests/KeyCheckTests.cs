using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Domain;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Gateway.Tests;

public sealed class KeyCheckTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/balance")]
    [InlineData("/v1/no/such/path")]
    [InlineData("/v1")]
    [InlineData("/V1/Balance")]
    public async Task Without_a_key_every_path_under_v1_is_401(string path)
    {
        using var response = await fixture.Gateway.Anonymous.GetAsync(path, Cancellation);

        await response.AssertErrorAsync(401, "unauthorized", Cancellation);
    }

    [Theory]
    [InlineData("Basic dXNlcjpwYXNz", "unauthorized")]
    [InlineData("sk_live_00000000_000000000000000000000000", "unauthorized")]
    [InlineData("Bearersk_live_00000000_000000000000000000000000", "unauthorized")]
    [InlineData("Bearer", "api_key_invalid")]
    [InlineData("Bearer x", "api_key_invalid")]
    [InlineData("Bearer sk_live_00000000_000000000000000000000000", "api_key_invalid")]
    public async Task A_wrong_header_says_what_is_wrong(string header, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/payments");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using var response = await fixture.Gateway.Anonymous.SendAsync(request, Cancellation);

        await response.AssertErrorAsync(401, code, Cancellation);
    }

    [Fact]
    public async Task A_well_formed_key_that_nobody_issued_is_invalid()
    {
        using var random = RandomNumberGenerator.Create();
        using var client = fixture.Gateway.ClientOf(ApiKey.Issue(Mode.Live, random).Text);
        using var response = await client.GetAsync("/v1/balance", Cancellation);

        await response.AssertErrorAsync(401, "api_key_invalid", Cancellation);
    }

    [Fact]
    public async Task Another_secret_under_a_real_public_id_is_invalid()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        var forged = Forge(merchant.LiveKey);
        using var client = fixture.Gateway.ClientOf(forged);
        using var response = await client.GetAsync("/v1/balance", Cancellation);

        await response.AssertErrorAsync(401, "api_key_invalid", Cancellation);
    }

    [Fact]
    public async Task A_test_key_can_not_be_turned_into_a_live_one()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        var turned = WithChecksum(merchant.TestKey.Replace("sk_test_", "sk_live_", StringComparison.Ordinal)[..35]);
        using var client = fixture.Gateway.ClientOf(turned);
        using var response = await client.GetAsync("/v1/balance", Cancellation);

        await response.AssertErrorAsync(401, "api_key_invalid", Cancellation);
    }

    [Fact]
    public async Task A_key_in_use_costs_no_database_call()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, Cancellation);
        await using var gateway = TestGateway.Start(database, fixture.Settings);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var inUse = gateway.ClientOf(merchant.TestKey);
        using (var first = await inUse.GetAsync("/v1/balance", Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        }

        await HideKeysAsync(database); // From here on a look-up fails.
        for (var count = 0; count < 20; count++)
        {
            using var response = await inUse.GetAsync("/v1/balance", Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        using var unused = gateway.ClientOf(merchant.LiveKey);
        using var lookedUp = await unused.GetAsync("/v1/balance", Cancellation);
        await lookedUp.AssertErrorAsync(503, "service_unavailable", Cancellation);
    }

    [Fact]
    public async Task A_suspended_merchant_may_only_read_and_a_resumed_one_may_act_again()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.TestKey);

        var operations = $"/operator/merchants/{merchant.Id}";
        using (var suspend = await fixture.Gateway.Operator.PostAsync($"{operations}/suspend", null, Cancellation))
        {
            Assert.Equal("suspended", (await suspend.JsonAsync(Cancellation)).GetProperty("status").GetString());
        }

        await fixture.ReachedAsync(fixture.Gateway, Cancellation);
        using (var read = await client.GetAsync("/v1/balance", Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        }

        foreach (var (method, path) in new[]
        {
            ("POST", "/v1/payments"), ("DELETE", $"/v1/keys/{merchant.TestKeyId}"), ("PUT", "/v1/webhooks"), ("POST", "/v1/unknown"),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = JsonContent.Create(new { }) };
            using var refused = await client.SendAsync(request, Cancellation);
            await refused.AssertErrorAsync(403, "account_suspended", Cancellation);
        }

        using (var resume = await fixture.Gateway.Operator.PostAsync($"{operations}/resume", null, Cancellation))
        {
            Assert.Equal("active", (await resume.JsonAsync(Cancellation)).GetProperty("status").GetString());
        }

        await fixture.ReachedAsync(fixture.Gateway, Cancellation);
        using var act = await client.PostAsJsonAsync("/v1/payments", new { }, Cancellation);
        Assert.Equal(HttpStatusCode.OK, act.StatusCode);
    }

    private static string Forge(string key) => WithChecksum(key[..17] + new string(key[17..35].Reverse().ToArray()));

    private static string WithChecksum(string body) => body + Base62.Encode(Crc32.Of(body), 6);

    private static async Task HideKeysAsync(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var command = connection.CreateCommand();
        var role = new NpgsqlConnectionStringBuilder(database.ConnectionString).Username;
        command.CommandText = $"REVOKE SELECT ON gateway.api_key FROM {role}";
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
