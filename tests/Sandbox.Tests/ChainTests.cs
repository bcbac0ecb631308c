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

    [Theory]
    [InlineData("transfer", 1, 1)]
    [InlineData("mint", 0, 1)]
    [InlineData("hidden", 0, 1)]
    [InlineData("bounced", 1, 0)]
    [InlineData("aborted", 1, 0)]
    [InlineData("out_of_gas", 1, 0)]
    [InlineData("spoofed", 1, 0)]
    [InlineData("ton", 0, 0)]
    [InlineData("vanished", 1, 0)]
    public async Task A_scenario_shows_a_row_and_changes_a_balance_as_its_name_says(string scenario, int rows, int wallets)
    {
        await SendAsync("25", $$""","scenario":"{{scenario}}","comment":"order 17" """);
        await SendAsync("1"); // The chain's order: when this one is seen, the first one is.
        await Eventually.TrueAsync(
            async () => (await RowsAsync("")).Any(row => row.GetProperty("amount").GetString() == "1000000"), Token);

        Assert.Equal(rows, (await RowsAsync("")).Count(row => row.GetProperty("amount").GetString() == "25000000"));
        var wallet = (await GetAsync($"jetton/wallets?owner_address={Owner.ToRawUpper()}")).GetProperty("jetton_wallets")[0];
        Assert.Equal($"{1_000_000 + (wallets * 25_000_000)}", wallet.GetProperty("balance").GetString());
    }

    [Fact]
    public async Task A_transfer_with_a_comment_has_the_samples_shape_to_the_last_member()
    {
        await SendAsync("25", ""","comment":"order 17" """);

        var (sample, row) = (Sample("jetton-transfers.json").GetProperty("jetton_transfers")[0], await RowAsync());
        AssertSameShape(sample, row);
        Assert.Equal(sample.GetProperty("forward_payload").GetString(), row.GetProperty("forward_payload").GetString());
        Assert.Equal("order 17", row.GetProperty("decoded_forward_payload").GetProperty("text").GetString());
    }

    [Fact]
    public async Task The_sender_of_a_message_is_found_by_it()
    {
        await SendAsync("25");
        var hash = (await RowAsync()).GetProperty("transaction_hash").GetString()!;
        var sent = (await GetAsync($"transactions?hash={Uri.EscapeDataString(hash)}")).GetProperty("transactions")[0];
        var message = sent.GetProperty("out_msgs")[0].GetProperty("hash").GetString()!;

        var senders = await GetAsync($"transactionsByMessage?direction=out&msg_hash={Uri.EscapeDataString(message)}");
        var receivers = await GetAsync($"transactionsByMessage?direction=in&msg_hash={Uri.EscapeDataString(message)}");

        Assert.Equal(
            sent.GetRawText(), Assert.Single(senders.GetProperty("transactions").EnumerateArray()).GetRawText());
        var receiver = Assert.Single(receivers.GetProperty("transactions").EnumerateArray());
        Assert.Equal(message, receiver.GetProperty("in_msg").GetProperty("hash").GetString());
    }

    [Theory]
    [InlineData("rate_limited", HttpStatusCode.TooManyRequests)]
    [InlineData("unavailable", HttpStatusCode.ServiceUnavailable)]
    public async Task A_fault_that_was_ordered_comes_once_and_only_where_it_was_ordered(string kind, HttpStatusCode status)
    {
        await OrderAsync($$"""{"kind":"{{kind}}","path":"masterchainInfo"}""");

        Assert.NotEqual(default, await GetAsync($"jetton/wallets?owner_address={Owner.ToRawUpper()}"));
        using var failed = await _client!.GetAsync(new Uri("/chain/api/v3/masterchainInfo", UriKind.Relative), Token);
        Assert.Equal(status, failed.StatusCode);
        Assert.NotEqual(default, await GetAsync("masterchainInfo"));
    }

    [Fact]
    public async Task An_index_that_lags_shows_its_last_block_until_it_is_healed()
    {
        await OrderAsync("""{"kind":"lag","seconds":600}""");
        await SendAsync("25");
        Assert.Equal(await SeqnoAsync(), await SeqnoAsync());
        Assert.Empty(await RowsAsync(""));

        using var heal = new HttpRequestMessage(HttpMethod.Delete, "/faucet/v1/chain-faults");
        heal.Headers.Authorization = new("Bearer", SandboxSettings.FaucetToken);
        using var healed = await _client!.SendAsync(heal, Token);

        Assert.Equal(HttpStatusCode.NoContent, healed.StatusCode);
        await RowAsync();
    }

    [Theory]
    [InlineData("""{"kind":"flood"}""")]
    [InlineData("""{"kind":"lag","seconds":0}""")]
    [InlineData("""{"kind":"cut","requests":0}""")]
    public async Task A_fault_that_there_is_not_is_refused(string json)
    {
        using var answer = await PostAsync("/faucet/v1/chain-faults", json);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
    }

    [Theory]
    [InlineData("""
        ,"scenario":"miracle"
        """)]
    [InlineData("""
        ,"fromAddress":"nobody"
        """)]
    [InlineData(""","count":0""")]
    [InlineData(""","lateBlocks":-1""")]
    public async Task A_transfer_that_can_not_be_is_refused(string more)
    {
        using var answer = await PostAsync("/faucet/v1/transfers", Transfer("1", more));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
    }

    private async Task<long> SeqnoAsync() =>
        (await GetAsync("masterchainInfo")).GetProperty("last").GetProperty("seqno").GetInt64();

    private async Task OrderAsync(string json)
    {
        using var answer = await PostAsync("/faucet/v1/chain-faults", json);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Authorization = new("Bearer", SandboxSettings.FaucetToken);
        request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        return await _client!.SendAsync(request, Token);
    }

    private static string Transfer(string amount, string more) =>
        $"{{\"toAddress\":\"{Owner.ToFriendly(bounceable: false, testOnly: true)}\",\"amount\":{amount}{more}}}";

    private async Task<string> SendAsync(string amount, string more = "")
    {
        using var response = await PostAsync("/faucet/v1/transfers", Transfer(amount, more));
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
