using System.Text.Json.Nodes;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>POST /v1/payments, and the two ways to read what it made.</summary>
public sealed class CreateTests
{
    private const string TransferCode =
        "ST00012|Name=ООО «Ромашка»|PersonalAcc=40702810798656462770|BankName=ПАО СБЕРБАНК|BIC=044525225|CorrespAcc=30101810400000000225|Sum=10000";

    [Theory]
    [InlineData("expired", 409, "qr_expired")]
    [InlineData("paid", 409, "qr_already_paid")]
    [InlineData("cancelled", 409, "qr_cancelled")]
    [InlineData("unknown", 422, "qr_not_found")]
    [InlineData("sold", 503, "rail_unavailable")]
    public async Task What_the_rail_says_of_a_code_is_answered(string state, int status, string code)
    {
        await using var payments = await StartAsync();
        payments.Rail.Resolve = _ => $$"""{"kind":"dynamic","payee":{"name":"ООО Ромашка","bank":null,"inn":null},"amountMinor":null,"state":"{{state}}","expiresAt":null}""";

        using var response = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic });

        Assert.Equal(code, await CodeOfAsync(response, status));
        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.payment"));
    }

    [Theory]
    [InlineData(Codes.Dynamic, "125001", null, "qr_tampered")]
    [InlineData(Codes.Dynamic, "125000", 125001L, "amount_mismatch")]
    [InlineData(Codes.Static, "null", null, "amount_required")]
    [InlineData(Codes.Static, "null", 100_000_001L, "amount_above_max")]
    [InlineData(Codes.Static, "null", 99L, "amount_below_min")]
    public async Task A_wrong_sum_is_422(string qr, string railAmount, long? amountMinor, string code)
    {
        await using var payments = await StartAsync(new() { ["Payments:MinMinor"] = "100" });
        payments.Rail.Resolve = _ => $$"""{"payee":{"name":"ООО Ромашка"},"amountMinor":{{railAmount}},"state":"payable"}""";

        using var response = await payments.PostAsync("/v1/payments", new { qr, amountMinor });

        Assert.Equal(code, await CodeOfAsync(response, 422));
    }

    [Fact]
    public async Task A_bank_transfer_names_its_payee_itself()
    {
        await using var payments = await StartAsync();
        payments.Rail.Resolve = _ => """{"kind":"st00012","payee":{"name":"Кто-то другой"},"amountMinor":null,"state":"payable"}""";

        using var response = await payments.PostAsync("/v1/payments", new { qr = TransferCode });
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        var payment = JsonNode.Parse(text)!;

        Assert.Equal("ООО «Ромашка»", payment["merchantName"]!.GetValue<string>());
        Assert.Equal("ПАО СБЕРБАНК", payment["merchantBank"]!.GetValue<string>());
        Assert.Equal("st00012", payment["qr"]!["format"]!.GetValue<string>());
        Assert.Null(payment["qr"]!["kind"]);
        Assert.Equal(10000, payment["amountMinor"]!.GetValue<long>());
    }

    [Fact]
    public async Task The_fee_is_added_to_the_total()
    {
        await using var payments = await StartAsync(new() { ["Payments:FeeBps"] = "33" });

        var payment = await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 101 });

        Assert.Equal(101, payment["amountMinor"]!.GetValue<long>());
        Assert.Equal(1, payment["feeMinor"]!.GetValue<long>());
        Assert.Equal(102, payment["totalMinor"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_payment_does_not_outlive_its_code()
    {
        await using var payments = await StartAsync();
        var end = TimeProvider.System.GetUtcNow().AddMinutes(2);
        payments.Rail.Resolve = _ => $$"""{"payee":{"name":"ООО Ромашка"},"state":"payable","expiresAt":"{{end:O}}"}""";

        var payment = await payments.CreateAsync();
        payments.Rail.Resolve = _ => """{"payee":{"name":"ООО Ромашка"},"state":"payable","expiresAt":"2020-01-01T00:00:00Z"}""";
        using var over = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic });

        Assert.Equal(end, payment["expiresAt"]!.GetValue<DateTimeOffset>(), TimeSpan.FromMilliseconds(1));
        Assert.Equal("qr_expired", await CodeOfAsync(over, 409));
    }

    [Fact]
    public async Task Without_a_rail_a_payable_code_is_503_and_a_wrong_one_is_still_refused()
    {
        await using var payments = await StartAsync();
        using var live = payments.ClientOf(payments.MerchantId, Contracts.Mode.Live);

        using var payable = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic }, client: live);
        using var wrong = await payments.PostAsync("/v1/payments", new { qr = " " }, client: live);

        Assert.Equal("rail_unavailable", await CodeOfAsync(payable, 503));
        Assert.Equal("qr_empty", await CodeOfAsync(wrong, 422));
    }

    [Theory]
    [InlineData("""{}""", 400, "validation_failed")]
    [InlineData("""{"qr":null}""", 400, "validation_failed")]
    [InlineData("""{"qr":5}""", 400, "validation_failed")]
    [InlineData("""{"qr":"x","qr":"y"}""", 400, "validation_failed")]
    [InlineData("""{"qr":"x","tip":1}""", 400, "validation_failed")]
    [InlineData("""{"qr":"x","amountMinor":0}""", 400, "validation_failed")]
    [InlineData("""{"qr":"x","amountMinor":1.5}""", 400, "validation_failed")]
    [InlineData("""{"qr":"x","amountMinor":"5"}""", 400, "validation_failed")]
    [InlineData("""{"qr":"x","reference":"\u0000"}""", 400, "validation_failed")]
    [InlineData("""{"qr":"\ud800"}""", 400, "validation_failed")]
    [InlineData("""{"qr":""", 400, "bad_json")]
    [InlineData("""{"qr":""}""", 422, "qr_empty")]
    public async Task A_wrong_body_is_told_apart(string body, int status, string code)
    {
        await using var payments = await StartAsync();

        using var response = await payments.PostAsync("/v1/payments", body, "k");

        Assert.Equal(code, await CodeOfAsync(response, status));
    }

    [Fact]
    public async Task A_reference_has_at_most_128_characters()
    {
        await using var payments = await StartAsync();

        await payments.CreateAsync(new { qr = Codes.Dynamic, reference = string.Concat(Enumerable.Repeat("😀", 128)) });
        using var longer = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic, reference = new string('я', 129) });

        Assert.Equal("validation_failed", await CodeOfAsync(longer, 400));
    }

    [Fact]
    public async Task A_list_is_newest_first_and_filtered_and_paged()
    {
        await using var payments = await StartAsync();
        var ids = new List<Guid>();
        for (var number = 0; number < 5; number++)
        {
            ids.Add(Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 100, reference = $"r{number % 2}" })));
        }

        await payments.ConfirmAsync(ids[1]);
        var page = await ListAsync(payments, "?limit=2");
        var next = await ListAsync(payments, $"?limit=2&before={Uri.EscapeDataString(page[1]!["createdAt"]!.GetValue<string>())}");

        Assert.Equal([ids[4], ids[3]], IdsOf(page));
        Assert.Equal([ids[2], ids[1]], IdsOf(next));
        Assert.Equal([ids[1]], IdsOf(await ListAsync(payments, "?status=confirming")));
        Assert.Equal([ids[3], ids[1]], IdsOf(await ListAsync(payments, "?reference=r1")));
        Assert.Empty(await ListAsync(payments, "?status=failed"));
    }

    [Fact]
    public async Task Paging_by_before_neither_skips_nor_repeats_payments_made_at_once()
    {
        await using var payments = await StartAsync();
        var made = (await Task.WhenAll(Enumerable.Range(0, 30).Select(async _ =>
            Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 100 }))))).ToHashSet();
        var seen = new List<Guid>();
        for (var query = "?limit=7"; ;)
        {
            var page = await ListAsync(payments, query);
            seen.AddRange(IdsOf(page));
            if (page.Count < 7)
            {
                break;
            }

            query = $"?limit=7&before={Uri.EscapeDataString(page[^1]!["createdAt"]!.GetValue<string>())}";
        }

        Assert.Equal(made.Count, seen.Count);
        Assert.True(made.SetEquals(seen));
    }

    [Fact]
    public async Task Two_payments_of_a_merchant_never_share_a_moment()
    {
        await using var payments = await StartAsync();
        await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 100 });

        var exception = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => payments.ExecuteSqlAsync(
            """
            INSERT INTO payments.payment (payment_id, merchant_id, mode, state, amount_kopecks, fee_kopecks, total_kopecks, payee_name,
                qr_format, qr_warnings, sealed, sealed_key_id, qr_lookup, rail, created_at, changed_at, expires_at)
            SELECT @id, merchant_id, mode, state, amount_kopecks, fee_kopecks, total_kopecks, payee_name,
                qr_format, qr_warnings, sealed, sealed_key_id, qr_lookup, rail, created_at, changed_at, expires_at FROM payments.payment
            """, new { id = payments.MerchantId }));

        Assert.Equal("payment_moment", exception.ConstraintName);
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=101")]
    [InlineData("?limit=x")]
    [InlineData("?before=2026-01-01")]
    [InlineData("?status=refunding")]
    [InlineData("?status=Resolved")]
    public async Task A_wrong_query_of_a_list_is_400(string query)
    {
        await using var payments = await StartAsync();

        using var response = await payments.Client.GetAsync(new Uri("/v1/payments" + query, UriKind.Relative), Token);

        Assert.Equal("validation_failed", await CodeOfAsync(response, 400));
    }

    [Fact]
    public async Task An_id_that_is_no_uuid_is_400_and_a_caller_without_a_token_is_401()
    {
        await using var payments = await StartAsync();
        using var anonymous = payments.AnonymousClient();

        using var wrong = await payments.Client.GetAsync(new Uri("/v1/payments/1", UriKind.Relative), Token);
        using var nobody = await anonymous.GetAsync(new Uri("/v1/payments", UriKind.Relative), Token);

        Assert.Equal("validation_failed", await CodeOfAsync(wrong, 400));
        Assert.Equal("unauthorized", await CodeOfAsync(nobody, 401));
    }

    [Fact]
    public async Task A_key_without_the_right_to_pay_makes_and_confirms_nothing()
    {
        await using var payments = await StartAsync();
        using var reader = payments.ClientOf(Testing.TestIdentity.Caller(payments.MerchantId, Contracts.Mode.Test) with { Rights = ["read"] });
        var id = Id(await payments.CreateAsync());

        using var create = await payments.PostAsync("/v1/payments", new { qr = Codes.Static, amountMinor = 1 }, client: reader);
        using var confirm = await payments.PostAsync($"/v1/payments/{id}/confirm", null, client: reader);

        Assert.Equal("permission_denied", await CodeOfAsync(create, 403));
        Assert.Equal("permission_denied", await CodeOfAsync(confirm, 403));
        Assert.Equal("resolved", (await payments.GetAsync(id, reader))["status"]!.GetValue<string>());
    }

    private static async Task<JsonArray> ListAsync(PaymentsHarness payments, string query)
    {
        using var response = await payments.Client.GetAsync(new Uri("/v1/payments" + query, UriKind.Relative), Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!["payments"]!.AsArray();
    }

    private static IEnumerable<Guid> IdsOf(JsonArray payments) => payments.Select(payment => payment!["id"]!.GetValue<Guid>());
}
