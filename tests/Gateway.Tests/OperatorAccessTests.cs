using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace ArdorQr.Gateway.Tests;

/// <summary>Named operators, their roles, the second operator, and the audit log.</summary>
public sealed class OperatorAccessTests(GatewayFixture fixture)
{
    private const string Payment = "01900000-0000-7000-8000-000000000002";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_has_a_token_of_its_own_that_no_row_holds_and_that_ends_with_its_removal()
    {
        var name = NewName();
        using var added = await fixture.Gateway.Operator.PostAsJsonAsync(
            "/operator/operators", new { name, roles = new[] { "viewer" } }, Cancellation);
        var made = await added.JsonAsync(Cancellation);
        var token = made.GetProperty("token").GetString()!;
        using var client = fixture.Gateway.OperatorWith(token);
        using (var list = await client.GetAsync("/operator/merchants", Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        }

        Assert.DoesNotContain(token, await TextOfAsync("SELECT string_agg(to_jsonb(o)::text, '') FROM gateway.operator o"), StringComparison.Ordinal);
        Assert.DoesNotContain(token, await TextOfAsync("SELECT string_agg(to_jsonb(a)::text, '') FROM gateway.audit_entry a"), StringComparison.Ordinal);
        using var twice = await fixture.Gateway.Operator.PostAsJsonAsync("/operator/operators", new { name, roles = new[] { "viewer" } }, Cancellation);
        await twice.AssertErrorAsync(409, "operator_name_taken", Cancellation);

        using (await fixture.Gateway.Operator.DeleteAsync($"/operator/operators/{made.GetProperty("id").GetString()}?reason=left", Cancellation))
        {
            using var after = await client.GetAsync("/operator/merchants", Cancellation);
            await after.AssertErrorAsync(401, "unauthorized", Cancellation);
        }
    }

    [Fact]
    public async Task The_first_operators_token_is_replaced_by_its_setting_and_named_operators_keep_theirs()
    {
        using var named = await fixture.Gateway.NewOperatorAsync(NewName(), ["viewer"], Cancellation);
        const string fresh = "another-token-of-the-first-operator";
        await using var gateway = TestGateway.Start(
            fixture.Database, new Dictionary<string, string?>(fixture.Settings) { ["Operator:Token"] = fresh });
        using var first = gateway.OperatorWith(fresh);
        using var staying = gateway.OperatorWith(named.DefaultRequestHeaders.Authorization!.Parameter!);

        using var replaced = await gateway.Operator.GetAsync("/operator/merchants", Cancellation);
        using var current = await first.GetAsync("/operator/merchants", Cancellation);
        using var other = await staying.GetAsync("/operator/merchants", Cancellation);

        await replaced.AssertErrorAsync(401, "unauthorized", Cancellation);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (current.StatusCode, other.StatusCode));
    }

    [Theory] // role, method, path, passes
    [InlineData("viewer", "GET", "/operator/merchants", true)]
    [InlineData("viewer", "GET", "/operator/audit", true)]
    [InlineData("viewer", "POST", "/operator/merchants", false)]
    [InlineData("support", "POST", "/operator/merchants", true)]
    [InlineData("support", "POST", "/operator/payments/" + Payment + "/settle", false)]
    [InlineData("finance", "POST", "/operator/payments/" + Payment + "/settle", true)]
    [InlineData("support", "POST", "/operator/payments/" + Payment + "/clear", false)]
    [InlineData("finance", "POST", "/operator/payments/" + Payment + "/clear", true)]
    [InlineData("finance", "POST", "/operator/merchants", false)]
    [InlineData("finance", "POST", "/operator/operators", false)]
    [InlineData("support", "POST", "/operator/unknown", false)]
    [InlineData("admin", "POST", "/operator/operators", true)]
    public async Task A_role_does_its_own_and_everybody_may_look(string role, string method, string path, bool passes)
    {
        using var client = await fixture.Gateway.NewOperatorAsync(NewName(), [role], Cancellation);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "GET" ? null : JsonContent.Create(new { });
        using var response = await client.SendAsync(request, Cancellation);

        if (passes)
        {
            Assert.NotEqual(HttpStatusCode.Forbidden, response.StatusCode);
        }
        else
        {
            await response.AssertErrorAsync(403, "permission_denied", Cancellation);
        }
    }

    [Fact]
    public async Task A_settlement_waits_for_another_operator_and_is_carried_out_once_he_agrees()
    {
        await using var payments = await StubService.StartAsync("payments", Cancellation);
        payments.Answer = context => context.Response.WriteAsJsonAsync(new { id = Payment, status = "completed" });
        await using var gateway = StrictGateway("payments", payments);
        using var asks = await gateway.NewOperatorAsync(NewName(), ["finance"], Cancellation);
        using var decides = await gateway.NewOperatorAsync(NewName(), ["finance"], Cancellation);
        var paymentId = NewId();
        using var asked = await asks.PostAsJsonAsync(
            $"/operator/payments/{paymentId}/settle", new { outcome = "completed", reason = "Банк подтвердил" }, Cancellation);
        using var again = await asks.PostAsJsonAsync(
            $"/operator/payments/{paymentId}/settle", new { outcome = "completed", reason = "Банк подтвердил" }, Cancellation);

        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var approval = (await asked.JsonAsync(Cancellation)).GetProperty("approval");
        Assert.Equal("pending", approval.GetProperty("status").GetString());
        Assert.Equal(approval.GetProperty("id").GetString(), (await again.JsonAsync(Cancellation)).GetProperty("approval").GetProperty("id").GetString());
        Assert.Empty(payments.Seen);
        var path = $"/operator/approvals/{approval.GetProperty("id").GetString()}";
        using (var own = await asks.PostAsync($"{path}/approve", null, Cancellation))
        {
            await own.AssertErrorAsync(403, "permission_denied", Cancellation);
        }

        for (var count = 0; count < 2; count++)
        {
            using var approved = await decides.PostAsync($"{path}/approve", null, Cancellation);
            Assert.Equal(HttpStatusCode.OK, approved.StatusCode);
            Assert.Equal("completed", (await approved.JsonAsync(Cancellation)).GetProperty("status").GetString());
        }

        Assert.All(payments.Seen, seen => Assert.Equal($"/internal/payments/{paymentId}/settle", seen.Path));
        Assert.Contains("Банк подтвердил", System.Text.RegularExpressions.Regex.Unescape(payments.Seen.First().Body), StringComparison.Ordinal);
        using var late = await decides.PostAsync($"{path}/reject", null, Cancellation);
        await late.AssertErrorAsync(409, "approval_decided", Cancellation);
        using var list = await decides.GetAsync("/operator/approvals", Cancellation);
        var shown = (await list.JsonAsync(Cancellation)).GetProperty("approvals").EnumerateArray()
            .Single(row => row.GetProperty("subjectId").GetString() == $"{paymentId}");
        Assert.Equal("approved", shown.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.String, shown.GetProperty("doneAt").ValueKind);
    }

    [Fact]
    public async Task Only_adjustments_above_the_limit_wait_and_a_rejected_one_never_reaches_ledger()
    {
        await using var ledger = await StubService.StartAsync("ledger", Cancellation);
        ledger.Answer = context => context.Response.WriteAsJsonAsync(new { type = "adjustment", balanceAfterMinor = 2_000_000 });
        await using var gateway = StrictGateway("ledger", ledger);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var asks = await gateway.NewOperatorAsync(NewName(), ["finance"], Cancellation);
        using var decides = await gateway.NewOperatorAsync(NewName(), ["finance"], Cancellation);

        var (small, large, refusedKey) = ($"{NewId()}", $"{NewId()}", $"{NewId()}");
        Assert.Equal(201, await AdjustAsync(asks, merchant.Id, small, -1_000_000));
        Assert.Equal(202, await AdjustAsync(asks, merchant.Id, large, 1_000_001));
        Assert.Equal(202, await AdjustAsync(asks, merchant.Id, large, 1_000_001));
        Assert.Equal(202, await AdjustAsync(asks, merchant.Id, refusedKey, long.MinValue));
        Assert.Single(ledger.Seen);

        using var list = await decides.GetAsync("/operator/approvals?limit=2", Cancellation);
        var waiting = (await list.JsonAsync(Cancellation)).GetProperty("approvals").EnumerateArray()
            .Select(row => row.GetProperty("id").GetString()).ToList(); // Newest first.
        using (var rejected = await decides.PostAsJsonAsync($"/operator/approvals/{waiting[0]}/reject", new { reason = "Ошибка" }, Cancellation))
        {
            Assert.Equal("rejected", (await rejected.JsonAsync(Cancellation)).GetProperty("status").GetString());
        }

        Assert.Equal(409, await AdjustAsync(asks, merchant.Id, refusedKey, long.MinValue));
        using (var approved = await decides.PostAsync($"/operator/approvals/{waiting[1]}/approve", null, Cancellation))
        {
            Assert.Equal(HttpStatusCode.Created, approved.StatusCode);
        }

        Assert.Equal(201, await AdjustAsync(asks, merchant.Id, large, 1_000_001)); // The same adjustment, not another one.
        var ids = ledger.Seen.Select(seen => JsonSerializer.Deserialize<JsonElement>(seen.Body).GetProperty("id").GetGuid()).ToList();
        Assert.Equal(3, ids.Count);
        Assert.Equal(ids[1], ids[2]);
    }

    [Fact]
    public async Task Every_action_is_on_record_with_who_why_before_and_after()
    {
        var name = NewName();
        using var client = await fixture.Gateway.NewOperatorAsync(name, ["support"], Cancellation);
        using var registered = await client.PostAsJsonAsync("/operator/merchants", new { name = "ООО «Аудит»" }, Cancellation);
        var id = (await registered.JsonAsync(Cancellation)).GetProperty("id").GetString();
        using var issued = await client.PostAsJsonAsync($"/operator/merchants/{id}/keys", new { mode = "test", label = "касса" }, Cancellation);
        var key = await issued.JsonAsync(Cancellation);
        using var suspended = await client.PostAsJsonAsync($"/operator/merchants/{id}/suspend", new { reason = "Проверка" }, Cancellation);
        using var revoked = await client.DeleteAsync(
            $"/operator/merchants/{id}/keys/{key.GetProperty("id").GetString()}?reason={Uri.EscapeDataString("утёк")}", Cancellation);
        Assert.All([registered, issued, suspended, revoked], response => Assert.True(response.IsSuccessStatusCode));

        using var list = await client.GetAsync($"/operator/audit?merchantId={id}&operator={name}", Cancellation);
        var text = await list.Content.ReadAsStringAsync(Cancellation);
        var entries = JsonSerializer.Deserialize<JsonElement>(text).GetProperty("entries").EnumerateArray().ToList();
        Assert.Equal(["key.revoke", "merchant.suspend", "key.issue", "merchant.register"], entries.Select(entry => entry.GetProperty("action").GetString()));
        Assert.All(entries, entry => Assert.Equal(name, entry.GetProperty("operator").GetString()));
        Assert.Equal("утёк", entries[0].GetProperty("reason").GetString());
        Assert.Equal("""{"status":"active"}""", entries[1].GetProperty("before").GetRawText());
        Assert.Equal("""{"status":"suspended"}""", entries[1].GetProperty("after").GetRawText());
        Assert.DoesNotContain(key.GetProperty("secret").GetString()![17..35], text, StringComparison.Ordinal);

        await using var connection = new NpgsqlConnection(fixture.Database.OwnerConnectionString);
        await connection.OpenAsync(Cancellation);
        foreach (var sql in new[] { "UPDATE gateway.audit_entry SET reason = ''", "DELETE FROM gateway.audit_entry", "TRUNCATE gateway.audit_entry" })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancellation));
            Assert.Contains("only added to", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_operator_revokes_even_the_last_key_of_a_suspended_merchant_and_issues_a_new_one()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using (await fixture.Gateway.Operator.PostAsync($"/operator/merchants/{merchant.Id}/suspend", null, Cancellation))
        using (var revoked = await fixture.Gateway.Operator.DeleteAsync($"/operator/merchants/{merchant.Id}/keys/{merchant.LiveKeyId}", Cancellation))
        using (var issued = await fixture.Gateway.Operator.PostAsJsonAsync(
            $"/operator/merchants/{merchant.Id}/keys", new { mode = "live", maxPaymentMinor = 100 }, Cancellation))
        {
            Assert.Equal("""{"revoked":true}""", await revoked.Content.ReadAsStringAsync(Cancellation));
            Assert.Equal(HttpStatusCode.Created, issued.StatusCode);
        }

        await fixture.ReachedAsync(fixture.Gateway, Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.LiveKey);
        using var refused = await client.GetAsync("/v1/balance", Cancellation);
        await refused.AssertErrorAsync(401, "api_key_revoked", Cancellation);
        using var list = await fixture.Gateway.Operator.GetAsync($"/operator/merchants/{merchant.Id}/keys", Cancellation);
        Assert.Equal(3, (await list.JsonAsync(Cancellation)).GetProperty("keys").GetArrayLength());
        using var unknown = await fixture.Gateway.Operator.GetAsync($"/operator/merchants/{Guid.Empty}/keys", Cancellation);
        await unknown.AssertErrorAsync(404, "not_found", Cancellation);
    }

    [Fact]
    public async Task Guessing_operators_tokens_is_slowed_down()
    {
        await using var gateway = TestGateway.Start(
            fixture.Database, new Dictionary<string, string?>(fixture.Settings) { ["Gateway:Limits:FailedOperatorTokensPerMinute"] = "3" });
        var statuses = new List<int>();
        for (var count = 0; count < 5; count++)
        {
            using var guess = gateway.OperatorWith($"op_guess{count}");
            using var response = await guess.GetAsync("/operator/merchants", Cancellation);
            statuses.Add((int)response.StatusCode);
        }

        Assert.Equal([401, 401, 401, 429, 429], statuses);
    }

    [Fact]
    public async Task Reconciliation_shows_every_services_checks_and_a_silent_service_is_no_balance()
    {
        await using var ledger = await StubService.StartAsync("ledger", Cancellation);
        ledger.Answer = context => context.Response.WriteAsJsonAsync(new
        {
            checks = new[] { new { name = "sums", ok = true, expected = 0, actual = 0, details = (string?)null } },
        });
        await using var gateway = StrictGateway("ledger", ledger);
        using var response = await gateway.Operator.GetAsync("/operator/reconciliation", Cancellation);
        var answer = await response.JsonAsync(Cancellation);

        Assert.False(answer.GetProperty("balanced").GetBoolean());
        var checks = answer.GetProperty("checks").EnumerateArray().ToDictionary(
            check => check.GetProperty("name").GetString()!, check => check.GetProperty("ok").GetBoolean());
        Assert.True(checks["sums"]);
        Assert.False(checks["deposits_answers"]); // Nobody knows where it is.
        Assert.False(checks["payments_answers"]); // It answers, but not with checks.
        Assert.Equal("/internal/reconciliation", Assert.Single(ledger.Seen).Path);
    }

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private static string NewName() => $"op-{NewId():N}";

    private static async Task<int> AdjustAsync(HttpClient client, Guid merchantId, string key, long amount)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/operator/merchants/{merchantId}/adjustments")
        {
            Content = JsonContent.Create(new { mode = "test", amountMinor = amount, reason = "Сверка" }),
        };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await client.SendAsync(request, Cancellation);
        return (int)response.StatusCode;
    }

    private async Task<string> TextOfAsync(string sql)
    {
        await using var connection = await fixture.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private TestGateway StrictGateway(string service, StubService stub) => TestGateway.Start(
        fixture.Database,
        new Dictionary<string, string?>(fixture.Settings)
        {
            [$"services:{service}:http:0"] = stub.Address,
            ["Operator:SecondOperator"] = "true",
        });
}
