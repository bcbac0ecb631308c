using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Testing;
using ArdorQr.Ton;

namespace ArdorQr.Sandbox.Tests;

/// <summary>The sandbox's chain against bodies that another implementation answered.</summary>
public sealed class ChainTests : IAsyncLifetime
{
    private static readonly TonAddress Owner = TonAddress.Parse("0:3D99CC413FD65A72974DF6AF07E58FD83A39A03E91C4F7A585433A29B9D5E6ED");

    private TestDatabase? _database;
    private ServiceFactory<Program>? _service;
    private HttpClient? _client;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(typeof(Program).Assembly, Token);
        _service = new ServiceFactory<Program>("sandbox", _database, SandboxSettings.With());
        _client = _service.CreateClient();
    }

    public async ValueTask DisposeAsync()
    {
        _client!.Dispose();
        await _service!.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task A_transfer_shows_up_with_its_block_in_the_shape_that_toncenter_has()
    {
        var hash = await SendAsync("25.5");

        var row = await RowAsync();
        AssertSameShape(Sample("jetton-transfers.json").GetProperty("jetton_transfers")[0], row, "forward_payload", "decoded_forward_payload");
        Assert.Equal("25500000", row.GetProperty("amount").GetString());
        Assert.Equal(hash, Convert.ToHexStringLower(Convert.FromBase64String(row.GetProperty("transaction_hash").GetString()!)));
        AssertSameShape(Sample("masterchainInfo.json"), await GetAsync("masterchainInfo"));
        AssertSameShape(
            Sample("jetton-wallets.json").GetProperty("jetton_wallets")[0],
            (await GetAsync($"jetton/wallets?owner_address={Owner.ToRawUpper()}")).GetProperty("jetton_wallets")[0]);
    }

    [Fact]
    public async Task The_receiving_wallet_ran_on_the_very_message_that_the_senders_wallet_sent()
    {
        await SendAsync("25.5");
        var row = await RowAsync();

        var sent = (await GetAsync($"transactions?hash={Uri.EscapeDataString(row.GetProperty("transaction_hash").GetString()!)}"))
            .GetProperty("transactions").EnumerateArray().Single();
        var message = sent.GetProperty("out_msgs")[0];
        var wallet = message.GetProperty("destination").GetString()!;
        var received = (await GetAsync($"transactions?account={wallet}")).GetProperty("transactions").EnumerateArray().Single();

        AssertSameShape(Sample("transactions-of-receiving-jetton-wallet.json").GetProperty("transactions")[0], received);
        Assert.Equal(message.GetProperty("hash").GetString(), received.GetProperty("in_msg").GetProperty("hash").GetString());
        var master = TonAddress.Parse(row.GetProperty("jetton_master").GetString()!);
        Assert.Equal(JettonWallet.AddressOf(Owner, master, JettonWallet.UsdtMainnetCode).ToRawUpper(), wallet);
        var body = BagOfCells.ParseBase64(received.GetProperty("in_msg").GetProperty("message_content").GetProperty("body").GetString()!);
        Assert.True(JettonMessages.TryParse(body, out InternalTransfer? transfer));
        Assert.Equal((UInt128)25_500_000, transfer.Amount);
    }

    [Fact]
    public async Task Get_wallet_address_agrees_with_the_local_derivation()
    {
        var request = Sample("runGetMethod.request.json");
        using var response = await _client!.PostAsJsonAsync("/chain/api/v3/runGetMethod", request, Token);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Token);

        AssertSameShape(Sample("runGetMethod.response.json"), answer);
        var owner = BagOfCells.ParseBase64(request.GetProperty("stack")[0].GetProperty("value").GetString()!).BeginParse().LoadAddress()!.Value;
        var master = TonAddress.Parse(request.GetProperty("address").GetString()!);
        Assert.Equal(
            JettonWallet.AddressOf(owner, master, JettonWallet.UsdtMainnetCode),
            BagOfCells.ParseBase64(answer.GetProperty("stack")[0].GetProperty("value").GetString()!).BeginParse().LoadAddress());
    }

    [Fact]
    public async Task Many_transfers_at_once_have_logical_times_of_their_own_and_page_without_a_gap()
    {
        const int count = 25;
        await Task.WhenAll(Enumerable.Range(1, count).Select(number => SendAsync($"{number}")));
        await Eventually.TrueAsync(async () => (await RowsAsync("&limit=100")).Count == count, Token);

        var paged = new List<string>();
        for (var offset = 0; offset < count; offset += 10)
        {
            paged.AddRange((await RowsAsync($"&limit=10&offset={offset}&sort=asc")).Select(row => row.GetProperty("transaction_lt").GetString()!));
        }

        Assert.Equal(count, paged.Distinct().Count());
        Assert.Equal(paged.OrderBy(long.Parse), paged);
    }

    [Fact]
    public async Task Wrong_addresses_and_tokens_are_refused()
    {
        using var bad = await _client!.GetAsync(new Uri("/chain/api/v3/transactions?account=zzz", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, bad.StatusCode);
        Assert.Equal("{\"error\":\"schema: error converting value for account: zzz\"}", await bad.Content.ReadAsStringAsync(Token));

        using var foreign = await _client.PostAsJsonAsync("/faucet/v1/transfers", new { toAddress = Owner.ToRaw(), amount = 1 }, Token);
        Assert.Equal(HttpStatusCode.Unauthorized, foreign.StatusCode);
    }

    private async Task<string> SendAsync(string amount)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/faucet/v1/transfers");
        request.Headers.Authorization = new("Bearer", SandboxSettings.FaucetToken);
        request.Content = new StringContent(
            $"{{\"toAddress\":\"{Owner.ToFriendly(bounceable: false, testOnly: true)}\",\"amount\":{amount}}}",
            System.Text.Encoding.UTF8, "application/json");
        using var response = await _client!.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("txHash").GetString()!;
    }

    private async Task<JsonElement> RowAsync()
    {
        await Eventually.TrueAsync(async () => (await RowsAsync("")).Count == 1, Token);
        return (await RowsAsync(""))[0];
    }

    private async Task<List<JsonElement>> RowsAsync(string query) =>
        [.. (await GetAsync($"jetton/transfers?direction=in&owner_address={Owner.ToRawUpper()}{query}")).GetProperty("jetton_transfers").EnumerateArray()];

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _client!.GetAsync(new Uri("/chain/api/v3/" + path, UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>(Token);
    }

    private static JsonElement Sample(string name) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples/toncenter", name)));

    /// <summary>The same members with the same kinds of values, all the way down (the first item of each array).</summary>
    private static void AssertSameShape(JsonElement sample, JsonElement ours, params string[] mayBeNull)
    {
        Assert.Equal(sample.ValueKind is JsonValueKind.True or JsonValueKind.False, ours.ValueKind is JsonValueKind.True or JsonValueKind.False);
        if (sample.ValueKind == JsonValueKind.Object)
        {
            Assert.Equal(sample.EnumerateObject().Select(member => member.Name).Order(), ours.EnumerateObject().Select(member => member.Name).Order());
            foreach (var member in sample.EnumerateObject().Where(member => !mayBeNull.Contains(member.Name)))
            {
                AssertSameShape(member.Value, ours.GetProperty(member.Name), mayBeNull);
            }
        }
        else if (sample.ValueKind == JsonValueKind.Array && sample.GetArrayLength() > 0)
        {
            AssertSameShape(sample[0], ours[0], mayBeNull);
        }
        else if (sample.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Assert.Equal(sample.ValueKind, ours.ValueKind);
        }
    }
}
