using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Testing;

namespace ArdorQr.Sandbox.Tests;

/// <summary>Codes: how the rail reads them, and the fresh ones.</summary>
public sealed class CodeTests : RailHost
{
    [Theory]
    [InlineData(12_500, "payable", 12_500L)]
    [InlineData(12_504, "paid", 12_504L)]
    [InlineData(12_505, "expired", 12_505L)]
    [InlineData(12_506, "unknown", null)]
    [InlineData(12_509, "payable", 12_609L)]
    [InlineData(12_516, "cancelled", 12_516L)]
    [InlineData(12_517, "payable", 12_517L)]
    public async Task Resolve_answers_by_the_sum(long amount, string state, long? named)
    {
        var (status, answer) = await ResolveAsync(await FreshQrAsync("dynamic", amount));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(state, answer.GetProperty("state").GetString());
        Assert.Equal(named, answer.GetProperty("amountMinor").ValueKind == JsonValueKind.Null ? null : answer.GetProperty("amountMinor").GetInt64());
    }

    [Fact]
    public async Task A_dynamic_code_is_paid_once_and_a_static_one_often()
    {
        foreach (var (kind, state) in new[] { ("dynamic", "paid"), ("static", "payable") })
        {
            var qr = await FreshQrAsync(kind, 12_500);
            var id = FreshId;
            await PutAsync(id, 12_500, qr: qr);
            await Eventually.TrueAsync(async () => (await GetAsync(id)).Body.GetProperty("status").GetString() == "completed", Token);
            Assert.Equal(state, (await ResolveAsync(qr)).Body.GetProperty("state").GetString());
        }
    }

    [Fact]
    public async Task Resolve_is_unavailable_for_a_sum_that_ends_in_15()
    {
        var (status, answer) = await ResolveAsync(await FreshQrAsync("st00012", 12_515));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), (status, answer.GetProperty("error").GetString()));
    }

    [Fact]
    public async Task One_code_is_read_alike_in_all_its_spellings()
    {
        const string rest = "qr.nspk.ru/AD10001KMPQJ95OQT2K44IAITT8E4M9H?type=02&bank=100000000004&sum=88000&cur=RUB&crc=0000";
        string[] spellings =
            [$"https://{rest}", $" https://{rest}\n", $"bank100000000004://{rest}", $"intent://{rest}#Intent;scheme=bank100000000004;end"];
        var answers = await Task.WhenAll(spellings.Select(ResolveAsync));

        Assert.Single(answers.Select(answer => answer.Body.GetRawText()).Distinct());
        var body = answers[0].Body;
        Assert.Equal("Т-Банк", body.GetProperty("payee").GetProperty("bank").GetString());
        Assert.Equal(
            ("dynamic", 88_000, "payable"),
            (body.GetProperty("kind").GetString(), body.GetProperty("amountMinor").GetInt64(), body.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task A_dynamic_code_without_a_sum_has_a_fixed_one_in_whole_roubles_and_a_static_one_none()
    {
        const string dynamic = "https://qr.nspk.ru/AD10001KMPQJ95OQT2K44IAITT8E4M9H";
        var first = (await ResolveAsync(dynamic)).Body;
        Assert.Equal(0, first.GetProperty("amountMinor").GetInt64() % 100);
        Assert.Equal(first.GetRawText(), (await ResolveAsync(dynamic)).Body.GetRawText());

        var fixedOne = (await ResolveAsync("https://qr.nspk.ru/AS1R0042MOHU610C2IQ6V4EBNF302SSI")).Body;
        Assert.Equal(("static", JsonValueKind.Null), (fixedOne.GetProperty("kind").GetString(), fixedOne.GetProperty("amountMinor").ValueKind));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ST00012")]
    [InlineData("https://example.org/AD10001KMPQJ95OQT2K44IAITT8E4M9H")]
    [InlineData("https://qr.nspk.ru/BB10001KMPQJ95OQT2K44IAITT8E4M9H")]
    [InlineData("https://qr.nspk.ru/AD10001KMPQJ95OQT2K44IAITT8E4M9")]
    public async Task What_is_no_code_of_the_rails_is_unknown(string qr) =>
        Assert.Equal("unknown", (await ResolveAsync(qr)).Body.GetProperty("state").GetString());

    [Theory]
    [InlineData("dynamic", 12_501L, "AD10[0-9A-Z]{28}\\?type=02&bank=100000000111&sum=12501&cur=RUB")]
    [InlineData("dynamic", null, "AD10[0-9A-Z]{28}\\?type=02&bank=100000000111&sum=12500&cur=RUB")]
    [InlineData("static", 700L, "AS10[0-9A-Z]{28}\\?type=01&bank=100000000111&sum=700&cur=RUB")]
    [InlineData("static", null, "AS10[0-9A-Z]{28}\\?type=01&bank=100000000111")]
    public async Task A_fresh_code_is_a_new_one_with_a_right_checksum(string kind, long? amount, string pattern)
    {
        var qr = await FreshQrAsync(kind, amount);

        Assert.Matches($"^https://qr\\.nspk\\.ru/{pattern}&crc=[0-9A-F]{{4}}$", qr);
        Assert.Equal(Crc16(qr[..qr.IndexOf("&crc=", StringComparison.Ordinal)]).ToString("X4", CultureInfo.InvariantCulture), qr[^4..]);
        Assert.NotEqual(qr, await FreshQrAsync(kind, amount));
    }

    [Fact]
    public async Task A_fresh_bank_transfers_code_has_accounts_with_right_keys_and_is_read_by_the_rail()
    {
        var qr = await FreshQrAsync("st00012", 45_000);
        var fields = qr.Split('|').Skip(1).ToDictionary(field => field.Split('=')[0], field => field.Split('=')[1]);
        Assert.Equal(0, KeySum(fields["BIC"][^3..] + fields["PersonalAcc"]));
        Assert.Equal(0, KeySum("0" + fields["BIC"][4..6] + fields["CorrespAcc"])); // The Bank of Russia keeps this one.

        var (_, answer) = await ResolveAsync(qr);
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("kind").ValueKind);
        Assert.Equal(fields["Name"], answer.GetProperty("payee").GetProperty("name").GetString());
        Assert.Equal(fields["BankName"], answer.GetProperty("payee").GetProperty("bank").GetString());
        Assert.Equal(45_000, answer.GetProperty("amountMinor").GetInt64());
    }

    [Theory]
    [InlineData("{\"kind\":\"emv\"}", "kind")]
    [InlineData("{}", "kind")]
    [InlineData("{\"kind\":\"static\",\"amountMinor\":0}", "amountMinor")]
    [InlineData("{\"kind\":\"static\",\"amountMinor\":1.5}", "amountMinor")]
    [InlineData("{\"kind\":\"static\",\"sum\":1}", "sum")]
    public async Task A_wrong_wish_for_a_code_names_its_field(string body, string field)
    {
        using var client = ClientOf(Mode.Test);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(new Uri("/v1/test/qr-codes", UriKind.Relative), content, Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("error");
        Assert.Equal(field, error.GetProperty("details").GetProperty("field").GetString());
    }

    [Fact]
    public async Task Fresh_codes_are_for_test_keys()
    {
        using var live = ClientOf(Mode.Live);
        using var refused = await live.PostAsJsonAsync("/v1/test/qr-codes", new { kind = "dynamic" }, Token);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("test_mode_only", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    /// <summary>Bank of Russia N 515: 0 for a right key.</summary>
    private static int KeySum(string digits) =>
        digits.Select((digit, index) => (digit - '0') * ("713"[index % 3] - '0')).Sum() % 10;

    /// <summary>CRC-16/CCITT-FALSE by its definition, bit by bit over the text: the test's own.</summary>
    private static int Crc16(string text)
    {
        var register = 0xFFFF;
        foreach (var bit in Encoding.ASCII.GetBytes(text).SelectMany(value => Enumerable.Range(0, 8).Select(index => (value >> (7 - index)) & 1)))
        {
            var feedback = ((register >> 15) & 1) ^ bit;
            register = (register << 1) & 0xFFFF;
            register ^= feedback * 0x1021;
        }

        return register;
    }
}
