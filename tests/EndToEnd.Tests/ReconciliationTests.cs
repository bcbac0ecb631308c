using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// The reconciliation across services: in a system that nobody has tampered with it finds nothing, and of each kind of
/// discrepancy that is planted in the databases it finds that one, by its name, its ids and both sides' amounts.
/// </summary>
[Collection(OneSystem.Name)]
public sealed class ReconciliationTests(RunningSystem system)
{
    /// <summary>What each service finds of it by itself, Deposits on the chain.</summary>
    private static readonly string[] OwnChecks =
    [
        "ledger_transfers", "ledger_chains", "chain_balances_test", "payments_attempts_kopecks",
        "payments_rail_statement_test_kopecks", "webhook_events_without_delivery",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sound_system_has_no_discrepancy_and_each_planted_one_is_found_and_named()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var deposits = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => merchant.TopUpAsync(100m, Token)));
        var paid = new List<string>();
        for (var count = 0; count < 12; count++)
        {
            paid.Add(await PaidAsync(merchant, "payment.completed", 10_000));
        }

        var (refunded, refundedToo) = (await PaidAsync(merchant, "payment.failed", 10_001), await PaidAsync(merchant, "payment.failed", 20_001));
        var qr = await merchant.FreshQrAsync("dynamic", 10_000, Token);
        var resolved = (await merchant.PostAsync("/v1/payments", new { qr }, Token)).Expect(HttpStatusCode.Created).Text("id");
        Assert.Equal([], (await RunAsync()).Where(found => !IsAServicesOwnCheck(found)).Select(found => $"{found}"));

        await using var planted = new Planted(system);
        var ids = deposits.Select(deposit => deposit.GetProperty("id").GetString()!).ToList();
        var stray = await PlantDepositsAsync(planted, ids);
        await PlantPaymentsAsync(planted, paid, refunded);
        await PlantEventsAsync(planted, paid);
        var unknown = await PlantTransfersAsync(planted, paid, refundedToo, resolved);
        await PlantOnChainAsync(planted, merchant);

        var all = await RunAsync();
        (string Kind, string Id, string Left, string Right)[] expected =
        [
            ("deposit_without_posting", ids[0], Amount(deposits[0]), "null"),
            ("deposit_posting_differs", ids[1], Amount(deposits[1]), Amount(deposits[1], 1)),
            ("posted_deposit_not_credited", ids[2], Amount(deposits[2]), Amount(deposits[2])),
            ("deposit_posted_again", ids[3], "null", Amount(deposits[3])),
            ("posting_without_deposit", stray, "null", "700"),
            ("payment_without_debit", paid[0], "10000", "null"),
            ("debit_without_payment", paid[1], "null", "10000"),
            ("payment_debit_differs", paid[2], "10000", "10001"),
            ("payment_without_settlement", paid[3], "10000", "10000"),
            ("payment_closed_otherwise", paid[4], "10000", "10000"),
            ("payment_without_refund", refunded, "10001", "10001"),
            ("event_without_webhook", paid[5], "null", "null"),
            ("webhook_event_differs", paid[6], "null", "null"),
            ("webhook_without_event", paid[7], "null", "null"),
            ("rail_transfer_unknown", unknown, "null", "4200"),
            ("rail_amount_differs", paid[8], "10000", "10700"),
            ("rail_did_not_pay", paid[9], "10000", "null"),
            ("rail_failed_what_was_settled", paid[10], "10000", "10000"),
            ("rail_paid_what_was_refunded", refundedToo, "20001", "20001"),
            ("rail_transfer_not_debited", resolved, "10000", "10000"),
        ];
        foreach (var (kind, id, left, right) in expected)
        {
            var found = Assert.Single(
                all, found => found.GetProperty("kind").GetString() == kind && Ids(found).Contains(id));
            Assert.Equal((left, right), (AmountOf(found, "left"), AmountOf(found, "right")));
        }

        Assert.Empty(OwnChecks.Except(all.Select(found => found.GetProperty("kind").GetString()!)));
        var last = await LastAsync();
        Assert.False(last.GetProperty("balanced").GetBoolean());
        Assert.Equal(all.Count, last.GetProperty("lastRun").GetProperty("discrepancies").GetInt32());
    }

    private static async Task<string> PaidAsync(Merchant merchant, string end, long amountMinor)
    {
        var id = await merchant.PayAsync("dynamic", amountMinor, Token);
        await merchant.PaymentEventAsync(end, id, Token);
        return id;
    }

    private static async Task<string> PlantDepositsAsync(Planted planted, List<string> ids)
    {
        await planted.ChangeAsync("ledger", "ledger.transfer", $"transfer_id = '{ids[0]}'", null, Token);
        await planted.ChangeAsync(
            "ledger", "ledger.transfer", $"transfer_id = '{ids[1]}'",
            "amount_kopecks = amount_kopecks + 1, total_kopecks = total_kopecks + 1", Token);
        await planted.ChangeAsync(
            "deposits", "deposits.deposit", $"deposit_id = '{ids[2]}'",
            "status = 'pending', operation_id = NULL, credited_at = NULL, credited_event_id = NULL", Token);
        await planted.AddAsync(
            "ledger", Copied($"'{NewId()}'", "source_id", "amount_kopecks", "total_kopecks", ids[3]),
            $"DELETE FROM ledger.transfer WHERE source_id = '{ids[3]}' AND transfer_id <> source_id", Token);
        var stray = NewId();
        await planted.AddAsync(
            "ledger", Copied($"'{stray}'", $"'{stray}'", "700", "700 + fee_kopecks", ids[3]),
            $"DELETE FROM ledger.transfer WHERE transfer_id = '{stray}'", Token);
        return $"{stray}";

        static string Copied(string id, string source, string amount, string total, string of) =>
            $"""
             INSERT INTO ledger.transfer (transfer_id, kind, merchant_id, mode, source_id, amount_kopecks, fee_kopecks,
                 total_kopecks, description, status, balance_kopecks, operation_id, answer_event_id, created_at)
             SELECT {id}, kind, merchant_id, mode, {source}, {amount}, fee_kopecks, {total}, description, status,
                 balance_kopecks, gen_random_uuid(), gen_random_uuid(), created_at
             FROM ledger.transfer WHERE transfer_id = '{of}'
             """;
    }

    private static async Task PlantPaymentsAsync(Planted planted, List<string> paid, string refunded)
    {
        await planted.ChangeAsync("ledger", "ledger.transfer", Debit(paid[0]), null, Token);
        await planted.ChangeAsync("payments", "payments.payment", $"payment_id = '{paid[1]}'", null, Token);
        await planted.ChangeAsync(
            "ledger", "ledger.transfer", $"source_id = '{paid[2]}'",
            "amount_kopecks = amount_kopecks + 1, total_kopecks = total_kopecks + 1", Token);
        await planted.ChangeAsync("ledger", "ledger.transfer", Closing(paid[3]), null, Token);
        await planted.ChangeAsync(
            "ledger", "ledger.transfer", Closing(paid[4]), "kind = 'refund', operation_id = gen_random_uuid()", Token);
        await planted.ChangeAsync("ledger", "ledger.transfer", Closing(refunded), null, Token);

        static string Debit(string id) => $"source_id = '{id}' AND kind = 'debit'";
        static string Closing(string id) => $"source_id = '{id}' AND debit_id IS NOT NULL";
    }

    private static async Task PlantEventsAsync(Planted planted, List<string> paid)
    {
        await planted.ChangeAsync("webhooks", "webhooks.event", Completed(paid[5]), null, Token);
        await planted.ChangeAsync("webhooks", "webhooks.event", Completed(paid[6]), "type = 'payment.failed'", Token);
        var forged = NewId();
        await planted.AddAsync(
            "webhooks",
            $"""
             INSERT INTO messaging.inbox (consumer, event_id) VALUES ('webhooks.payment-completed', '{forged}');
             INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
             SELECT '{forged}', merchant_id, mode, type, body, created_at FROM webhooks.event WHERE {Completed(paid[7])}
             """,
            $"DELETE FROM webhooks.event WHERE event_id = '{forged}'; DELETE FROM messaging.inbox WHERE event_id = '{forged}'",
            Token);

        static string Completed(string id) =>
            $"type = 'payment.completed' AND convert_from(body, 'UTF8')::jsonb #>> '{"{data,id}"}' = '{id}'";
    }

    private static async Task<string> PlantTransfersAsync(
        Planted planted, List<string> paid, string refunded, string resolved)
    {
        const string table = "sandbox.rail_transfer";
        var unknown = NewId();
        await planted.AddAsync("sandbox", Copied($"{unknown}", paid[11], 4_200), Gone($"{unknown}"), Token);
        await planted.ChangeAsync("sandbox", table, Of(paid[8]), "amount_kopecks = 10700", Token);
        await planted.ChangeAsync("sandbox", table, Of(paid[9]), null, Token);
        await planted.ChangeAsync(
            "sandbox", table, Of(paid[10]), "settled_status = 'failed', settled_reason = 'payee_rejected'", Token);
        await planted.AddAsync(
            "payments",
            $"INSERT INTO payments.settlement (payment_id, outcome, reason, rail_answer) VALUES ('{paid[10]}', 'completed', 'planted', 'none')",
            $"DELETE FROM payments.settlement WHERE payment_id = '{paid[10]}'", Token);
        await planted.ChangeAsync("sandbox", table, Of(refunded), "settled_status = 'completed', settled_reason = NULL", Token);
        await planted.AddAsync("sandbox", Copied(resolved, paid[11], 10_000), Gone(resolved), Token);
        return $"{unknown}";

        static string Of(string id) => $"transfer_id = '{id}'";
        static string Gone(string id) => $"DELETE FROM {table} WHERE {Of(id)}";
        static string Copied(string id, string of, long kopecks) =>
            $"""
             INSERT INTO {table} (transfer_id, request, code_key, amount_kopecks, first_seen_at)
             SELECT '{id}', request, code_key, {kopecks}, first_seen_at FROM {table} WHERE {Of(of)}
             """;
    }

    /// <summary>A sweep that never was: the chain holds more than the deposits leave. A fresh difference may be on its way.</summary>
    private async Task PlantOnChainAsync(Planted planted, Merchant merchant)
    {
        var address = (await merchant.GetAsync("/v1/balance", Token)).Expect(HttpStatusCode.OK);
        Assert.True(address.Number("balanceMinor") > 0);
        var hash = new string('a', 64);
        await planted.AddAsync(
            "deposits",
            $"""
             INSERT INTO deposits.movement (network_global_id, transaction_hash, jetton_wallet, lt, kind, micros, to_address)
             SELECT network_global_id, '{hash}', jetton_wallet, 1, 'sweep', -1000000, NULL
             FROM deposits.deposit ORDER BY created_at DESC LIMIT 1
             """,
            $"DELETE FROM deposits.movement WHERE transaction_hash = '{hash}'", Token);
        await Eventually.TrueAsync(
            async () =>
            {
                await using var connection = await system.DatabaseAsync("deposits", Token);
                await using var command = new NpgsqlCommand(
                    "UPDATE deposits.wallet_difference SET found_at = found_at - interval '1 hour'", connection);
                return await command.ExecuteNonQueryAsync(Token) > 0;
            },
            Token, limitSeconds: 120);
    }

    /// <summary>Once all that the test did is no longer in flight: what a run finds.</summary>
    private async Task<IReadOnlyList<JsonElement>> RunAsync()
    {
        await Task.Delay(TimeSpan.FromSeconds(RunningSystem.MarginSeconds + 1), TimeProvider.System, Token);
        using var client = await system.OperatorAsync(Token);
        using var started = await client.PostAsync(new Uri("/operator/reconciliation/runs", UriKind.Relative), null, Token);
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        var id = (await started.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("id").GetString();
        JsonElement run = default;
        await Eventually.TrueAsync(
            async () =>
            {
                run = await client.GetFromJsonAsync<JsonElement>($"/operator/reconciliation/runs/{id}?limit=100", Token);
                return run.GetProperty("run").GetProperty("state").GetString() is "done" or "failed";
            },
            Token, limitSeconds: 120);
        Assert.Equal("done", run.GetProperty("run").GetProperty("state").GetString());
        Assert.True(run.GetProperty("run").GetProperty("compared").GetProperty("payments").GetInt64() > 0);
        Assert.True(run.GetProperty("run").GetProperty("compared").GetProperty("events").GetInt64() > 0);
        Assert.Equal(JsonValueKind.Null, run.GetProperty("next").ValueKind);
        return [.. run.GetProperty("discrepancies").EnumerateArray()];
    }

    private async Task<JsonElement> LastAsync()
    {
        using var client = await system.OperatorAsync(Token);
        return await client.GetFromJsonAsync<JsonElement>("/operator/reconciliation", Token);
    }

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddSeconds(-2 * RunningSystem.MarginSeconds));

    /// <summary>Such as webhooks that a test's receiver never took: true, and of no two books.</summary>
    private static bool IsAServicesOwnCheck(JsonElement found) => found.TryGetProperty("details", out var details)
        && details.ValueKind != JsonValueKind.Null;

    private static List<string?> Ids(JsonElement found) =>
        [.. found.GetProperty("ids").EnumerateObject().Select(member => member.Value.GetString())];

    private static string Amount(JsonElement deposit, long more = 0) => $"{deposit.GetProperty("creditedMinor").GetInt64() + more}";

    private static string AmountOf(JsonElement found, string side) =>
        found.GetProperty(side).GetProperty("amountMinor").GetRawText();
}
