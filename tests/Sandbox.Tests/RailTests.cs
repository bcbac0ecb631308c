using System.Net;
using System.Text.Json;
using ArdorQr.Testing;

namespace ArdorQr.Sandbox.Tests;

/// <summary>The rail's transfers as a payer's system meets them.</summary>
public sealed class RailTests : RailHost
{
    [Theory]
    [InlineData(10_000, "completed", null)]
    [InlineData(10_001, "failed", "payee_rejected")]
    [InlineData(10_021, "failed", "qr_already_paid")]
    public async Task A_transfer_ends_as_its_sum_says_and_calls_back(long amount, string status, string? reason)
    {
        var id = FreshId;
        var (code, answer) = await PutAsync(id, amount);
        Assert.Equal((HttpStatusCode.OK, "accepted"), (code, answer.GetProperty("status").GetString()));

        await Eventually.TrueAsync(() => Task.FromResult(CallbacksOf(id, status) >= 1), Token);
        var (_, final) = await GetAsync(id);
        Assert.Equal(status, final.GetProperty("status").GetString());
        Assert.Equal(reason, final.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task The_same_id_is_the_same_transfer_and_with_another_body_a_conflict()
    {
        var id = FreshId;
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(id, 10_014)).Status);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(id, 10_014)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync(id, 10_114)).Status);
    }

    [Fact]
    public async Task Ten_submissions_at_once_are_one_transfer()
    {
        var id = FreshId;
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PutAsync(id, 10_014)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        var (_, list) = await SendAsync(HttpMethod.Get, "transfers?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z", null);
        Assert.Equal(1, list.GetProperty("transfers").GetArrayLength());
    }

    [Fact]
    public async Task A_cancelled_id_is_dead_for_ever_and_a_seen_one_cannot_be_cancelled()
    {
        var (unseen, seen) = (FreshId, FreshId);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(unseen)).Status);
        Assert.Equal("cancelled", (await CancelAsync(unseen)).GetProperty("status").GetString());
        Assert.Equal("cancelled", (await PutAsync(unseen, 10_000)).Body.GetProperty("status").GetString());
        Assert.Equal("cancelled", (await GetAsync(unseen)).Body.GetProperty("status").GetString());

        await PutAsync(seen, 10_014);
        Assert.Equal("processing", (await CancelAsync(seen)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_first_sight_after_notAfter_is_refused_and_not_kept()
    {
        var id = FreshId;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PutAsync(id, 10_000, notAfter: "2020-01-01T00:00:00Z")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(id)).Status);
    }

    [Fact]
    public async Task The_unpleasant_submissions_are_as_the_table_says()
    {
        var accepted = FreshId;
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await PutAsync(accepted, 10_007)).Status);
        Assert.Equal("completed", (await GetAsync(accepted)).Body.GetProperty("status").GetString());

        var lost = FreshId;
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await PutAsync(lost, 10_008)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(lost)).Status);

        var late = FreshId;
        for (var time = 0; time < 3; time++)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PutAsync(late, 10_011)).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await PutAsync(late, 10_011)).Status);

        using var garbled = await Client.SendAsync(Request(HttpMethod.Put, $"transfers/{FreshId}", Body(10_012)), Token);
        Assert.Equal(HttpStatusCode.OK, garbled.StatusCode);
        Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(garbled.Content.ReadAsStringAsync(Token).GetAwaiter().GetResult()));

        var eager = FreshId;
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(eager, 10_013)).Status);
        Assert.Equal(2, CallbacksOf(eager, "completed"));
    }

    [Fact]
    public async Task What_stays_in_processing_is_settled_once_also_after_a_restart()
    {
        var id = FreshId;
        await PutAsync(id, 10_014);
        await RestartAsync();

        var (status, settled) = await SendAsync(HttpMethod.Post, $"transfers/{id}/settle", "{\"status\":\"failed\",\"reason\":\"payee_rejected\"}");
        Assert.Equal((HttpStatusCode.OK, "failed"), (status, settled.GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(HttpMethod.Post, $"transfers/{id}/settle", "{\"status\":\"completed\"}")).Status);
    }

    [Fact]
    public async Task What_was_under_way_goes_on_after_a_restart_and_calls_back()
    {
        var id = FreshId;
        Assert.Equal("processing", (await PutAsync(id, 10_010)).Body.GetProperty("status").GetString());

        await RestartAsync(
            """
            UPDATE sandbox.rail_transfer SET first_seen_at = first_seen_at - interval '10 seconds';
            UPDATE sandbox.rail_callback SET due_at = due_at - interval '10 seconds';
            """);

        Assert.Equal("completed", (await GetAsync(id)).Body.GetProperty("status").GetString());
        await Eventually.TrueAsync(() => Task.FromResult(CallbacksOf(id, "completed") >= 1), Token);
    }

    [Fact]
    public async Task A_callback_that_is_not_taken_comes_again_five_times_at_most()
    {
        CallbackAnswer = _ => HttpStatusCode.InternalServerError;
        var id = FreshId;
        await PutAsync(id, 10_000);

        for (var sent = 1; sent <= 5; sent++)
        {
            await Eventually.TrueAsync(() => Task.FromResult(CallbacksOf(id, "completed") >= sent), Token);
            await ExecuteAsOwnerAsync("UPDATE sandbox.rail_callback SET due_at = clock_timestamp()");
        }

        var other = FreshId;
        await PutAsync(other, 10_000);
        await Eventually.TrueAsync(() => Task.FromResult(CallbacksOf(other, "completed") >= 1), Token);
        Assert.Equal(5, CallbacksOf(id, "completed"));
    }

    [Fact]
    public async Task A_statement_comes_in_pages_that_lead_on()
    {
        await ExecuteAsOwnerAsync(
            """
            INSERT INTO sandbox.rail_transfer (transfer_id, request, amount_kopecks, first_seen_at)
            SELECT gen_random_uuid(), '{}', 10000, timestamptz '2026-01-01Z' + number * interval '1 second'
            FROM generate_series(1, 1500) AS number
            """);
        var seen = new HashSet<Guid>();
        for (var from = "2026-01-01T00:00:00Z"; from is not null;)
        {
            var (_, page) = await SendAsync(HttpMethod.Get, $"transfers?from={from}&to=2026-02-01T00:00:00Z", null);
            seen.UnionWith(page.GetProperty("transfers").EnumerateArray().Select(row => row.GetProperty("id").GetGuid()));
            from = page.GetProperty("nextFrom").GetString();
        }

        Assert.Equal(1_500, seen.Count);
    }

    [Theory]
    [InlineData("PUT", "transfers/019ab000-0000-7000-8000-000000000001", "{", HttpStatusCode.BadRequest)]
    [InlineData("PUT", "transfers/019ab000-0000-7000-8000-000000000001", "{\"qr\":\"a\"}", HttpStatusCode.BadRequest)]
    [InlineData("POST", "resolve", "{\"code\":\"a\"}", HttpStatusCode.BadRequest)]
    [InlineData("GET", "transfers", null, HttpStatusCode.BadRequest)]
    [InlineData("POST", "transfers/019ab000-0000-7000-8000-000000000001/settle", "{\"status\":\"failed\"}", HttpStatusCode.UnprocessableEntity)]
    public async Task What_is_not_of_the_contract_gets_a_neutral_error(string method, string path, string? body, HttpStatusCode expected)
    {
        var (status, answer) = await SendAsync(new HttpMethod(method), path, body);

        Assert.Equal(expected, status);
        Assert.Equal(JsonValueKind.String, answer.GetProperty("error").ValueKind);
    }

    [Fact]
    public async Task The_rail_names_its_world_to_its_callers_only()
    {
        var (_, info) = await SendAsync(HttpMethod.Get, "info", null);
        Assert.Equal("""{"name":"sandbox","environment":"sandbox"}""", info.GetRawText());

        foreach (var path in new[] { "info", "transfers", $"transfers/{FreshId}" })
        {
            using var foreign = await Client.GetAsync(new Uri($"/rail/v1/{path}", UriKind.Relative), Token);
            Assert.Equal(HttpStatusCode.Unauthorized, foreign.StatusCode);
        }
    }
}
