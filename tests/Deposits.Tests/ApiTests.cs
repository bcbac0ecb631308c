using System.Net;
using ArdorQr.Contracts;

namespace ArdorQr.Deposits.Tests;

public sealed class ApiTests
{
    [Fact]
    public async Task The_address_is_the_one_of_the_merchants_number_also_before_the_registration_is_heard_of()
    {
        await using var deposits = await DepositsHost.StartAsync();
        using var client = deposits.Client();

        var (status, body) = await DepositsHost.SendAsync(client, HttpMethod.Get, "/v1/deposit-address");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(
            (Samples.OwnerFriendly, "TON", "USDT", "0.5", 150),
            (body.GetProperty("address").GetString(), body.GetProperty("network").GetString(), body.GetProperty("asset").GetString(),
                body.GetProperty("minAmount").GetRawText(), body.GetProperty("feeBps").GetInt32()));
        Assert.EndsWith(
            $"ton://transfer/{Samples.OwnerFriendly}?jetton=kQChScvm2cJvTDmtlEy-A8axZTWDlPbkOXCGR_sEOmQQ30-n",
            body.GetProperty("note").GetString());
        await deposits.RegisterAsync(deposits.Merchant, 1);
        Assert.Equal(1, await deposits.ScalarAsync<long>("SELECT count(*) FROM deposits.address"));
        Assert.Equal(Samples.JettonWallet, await deposits.ScalarAsync<string>("SELECT jetton_wallet FROM deposits.address"));
    }

    [Fact]
    public async Task Registration_gives_the_address()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();

        Assert.Equal(Samples.Owner, await deposits.ScalarAsync<string>("SELECT owner FROM deposits.address"));
    }

    [Fact]
    public async Task A_world_on_mainnet_shows_addresses_in_mainnets_form()
    {
        await using var deposits = await DepositsHost.StartAsync(SetUpLive);
        using var client = deposits.Client(Mode.Live, number: 65_536);

        var (_, body) = await DepositsHost.SendAsync(client, HttpMethod.Get, "/v1/deposit-address");

        Assert.Equal("UQCW7dNR1sM2SzaP1zNcMIZgCGXBDfrcXQVqK52G1Ipo54uD", body.GetProperty("address").GetString());
        Assert.EndsWith("?jetton=EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs", body.GetProperty("note").GetString());
    }

    [Fact]
    public async Task A_mode_without_a_world_gives_no_address_and_all_else_works()
    {
        await using var deposits = await DepositsHost.StartAsync();
        using var live = deposits.Client(Mode.Live);

        var (status, body) = await DepositsHost.SendAsync(live, HttpMethod.Get, "/v1/deposit-address");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal("service_unavailable", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, (await DepositsHost.SendAsync(live, HttpMethod.Get, "/v1/deposits")).Status);
    }

    [Fact]
    public async Task A_test_deposit_is_asked_of_the_faucet_with_the_exact_amount()
    {
        await using var deposits = await DepositsHost.StartAsync();
        using var client = deposits.Client();

        var (status, body) = await DepositsHost.SendAsync(client, HttpMethod.Post, "/v1/test/deposits", """{"amount":25.500001}""");

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(
            $$"""{"txHash":"{{Samples.SenderHashHex}}","amount":25.500001,"toAddress":"{{Samples.OwnerFriendly}}"}""", body.GetRawText());
        var asked = Assert.Single(deposits.Outside.Requests);
        Assert.Equal($$"""{"toAddress":"{{Samples.OwnerFriendly}}","amount":25.500001}""", asked.Body);
        Assert.Equal("Bearer faucet-token", asked.Authorization);
    }

    [Theory]
    [InlineData("""{"amount":0}""", "amount")]
    [InlineData("""{"amount":-1}""", "amount")]
    [InlineData("""{"amount":0.0000001}""", "amount")]
    [InlineData("""{"amount":1000000.000001}""", "amount")]
    [InlineData("""{"amount":1e40}""", "amount")]
    [InlineData("""{"amount":"25"}""", "amount")]
    [InlineData("""{"amount":null}""", "amount")]
    [InlineData("""{}""", "amount")]
    [InlineData("""{"amount":1,"to":"x"}""", "to")]
    public async Task A_wrong_test_deposit_names_its_field(string json, string field)
    {
        await using var deposits = await DepositsHost.StartAsync();
        using var client = deposits.Client();

        var (status, body) = await DepositsHost.SendAsync(client, HttpMethod.Post, "/v1/test/deposits", json);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("validation_failed", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(field, body.GetProperty("error").GetProperty("details").GetProperty("field").GetString());
        Assert.Empty(deposits.Outside.Requests);
    }

    [Fact]
    public async Task A_world_without_a_faucet_gives_no_test_deposits()
    {
        await using var deposits = await DepositsHost.StartAsync(settings =>
        {
            SetUpLive(settings);
            settings.Remove("Deposits:Worlds:Test:FaucetUrl");
        });
        using var live = deposits.Client(Mode.Live);
        using var test = deposits.Client();

        foreach (var client in new[] { live, test })
        {
            var (status, body) = await DepositsHost.SendAsync(client, HttpMethod.Post, "/v1/test/deposits", """{"amount":1}""");
            Assert.Equal(HttpStatusCode.Forbidden, status);
            Assert.Equal("test_mode_only", body.GetProperty("error").GetProperty("code").GetString());
        }
    }

    [Theory]
    [InlineData("/v1/deposits?limit=0", HttpStatusCode.BadRequest)]
    [InlineData("/v1/deposits?limit=101", HttpStatusCode.BadRequest)]
    [InlineData("/v1/deposits?limit=x", HttpStatusCode.BadRequest)]
    [InlineData("/v1/deposits/1", HttpStatusCode.BadRequest)]
    [InlineData("/v1/deposits/01900000-0000-7000-8000-000000000001", HttpStatusCode.NotFound)]
    public async Task A_wrong_question_is_refused(string path, HttpStatusCode expected)
    {
        await using var deposits = await DepositsHost.StartAsync();
        using var client = deposits.Client();

        Assert.Equal(expected, (await DepositsHost.SendAsync(client, HttpMethod.Get, path)).Status);
    }

    internal static void SetUpLive(Dictionary<string, string?> settings)
    {
        const string live = "Deposits:Worlds:Live";
        settings[$"{live}:PublicKey"] = Samples.PublicKey;
        settings["Deposits:Worlds:Test:PublicKey"] = new string('1', 64); // Two worlds share nothing.
        settings[$"{live}:NetworkGlobalId"] = "-239";
        settings[$"{live}:ChainUrl"] = "http://mainnet.example";
        settings[$"{live}:JettonMaster"] = "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs";
        settings[$"{live}:MinRateSources"] = "2";
        settings[$"{live}:MaxRateStepBps"] = "500";
        settings[$"{live}:ReferenceRateUrl"] = "http://reference.example/daily.xml";
        settings[$"{live}:MaxCreditUsdt"] = "20000";
        settings[$"{live}:MaxCreditPerHourUsdt"] = "200000";
        foreach (var (index, kind) in new[] { "rapira", "coingecko" }.Index())
        {
            settings[$"{live}:RateSources:{index}:Name"] = kind;
            settings[$"{live}:RateSources:{index}:Url"] = $"http://{kind}.example";
            settings[$"{live}:RateSources:{index}:Kind"] = kind;
        }
    }
}
