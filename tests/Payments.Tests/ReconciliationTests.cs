using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Payments.Domain;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>What reconciliation finds, and that it finds nothing where all is well.</summary>
public sealed class ReconciliationTests
{
    private const string AnHourAgo = "clock_timestamp() - interval '1 hour'";

    [Fact]
    public async Task Books_that_agree_are_in_order()
    {
        await using var payments = await StartAsync();
        var id = await PaidAnHourAgoAsync(payments);
        payments.Rail.Statement = () => Statement(id, "completed", 125_000);

        var checks = await ReconcileAsync(payments);

        Assert.All(checks.Values, check => Assert.True(check["ok"]!.GetValue<bool>(), check.ToJsonString()));
        Assert.Equal(125_000, checks["payments_attempts_kopecks"]["actual"]!.GetValue<long>());
        Assert.Equal(1, checks["payments_debits_at_ledger"]["expected"]!.GetValue<long>());
        Assert.Equal(125_000, checks["payments_rail_statement_test_kopecks"]["expected"]!.GetValue<long>());
        Assert.Equal(125_000, checks["payments_rail_statement_test_kopecks"]["actual"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_statement_is_read_whole_though_a_page_has_a_thousand_transfers()
    {
        const int transfersOfAPage = 1_000;
        await using var payments = await StartAsync();
        var id = await PaidAnHourAgoAsync(payments);
        // The others' times are of no matter: cancelled ones are nobody's money.
        var others = Enumerable.Range(1, transfersOfAPage - 1).Select(_ => new JsonObject
        {
            ["id"] = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
            ["status"] = "cancelled",
            ["reason"] = null,
            ["amountMinor"] = null,
            ["qr"] = Codes.Dynamic,
        });
        var statement = JsonNode.Parse(Statement(id, "completed", 125_000))!;
        foreach (var other in others)
        {
            statement["transfers"]!.AsArray().Add(other);
        }

        payments.Rail.Statement = () => statement.ToJsonString();

        var check = (await ReconcileAsync(payments))["payments_rail_statement_test_kopecks"];

        Assert.Equal(125_000, check["actual"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_payment_that_the_statement_lacks_is_found()
    {
        await using var payments = await StartAsync();
        var id = await PaidAnHourAgoAsync(payments);

        var check = (await ReconcileAsync(payments))["payments_rail_statement_test_kopecks"];

        Assert.False(check["ok"]!.GetValue<bool>());
        Assert.Equal($"{id}: completed here, absent at the rail", check["details"]![0]!.GetValue<string>());
        Assert.Equal((125_000, 0), (check["expected"]!.GetValue<long>(), check["actual"]!.GetValue<long>()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("""{"transfers":[{"status":"completed"}]}""")]
    [InlineData("""{"transfers":[],"nextFrom":"2020-01-01T00:00:00Z"}""")]
    [InlineData("""[]""")]
    public async Task Without_a_whole_statement_the_check_fails(string? statement)
    {
        await using var payments = await StartAsync();
        payments.Rail.Statement = () => statement;

        Assert.False((await ReconcileAsync(payments))["payments_rail_statement_test_kopecks"]["ok"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_debit_that_ledger_does_not_know_and_a_late_refund_and_a_late_settlement_are_found()
    {
        await using var payments = await StartAsync();
        var completed = await PaidAnHourAgoAsync(payments);
        payments.Rail.Execute = _ => ("failed", "payee_rejected");
        var refunding = await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 100 });
        await payments.TurnAsync(refunding);
        await AsOwnerAsync(payments, $"UPDATE payments.payment SET changed_at = {AnHourAgo} WHERE payment_id = '{refunding}'");
        await payments.ExecuteAsOwnerAsync(
            $"ALTER TABLE payments.attempt DISABLE TRIGGER ALL; INSERT INTO payments.attempt (attempt_id, payment_id, status, closed_at) VALUES ('{completed}', '{completed}', 'refused', {AnHourAgo}); ALTER TABLE payments.attempt ENABLE TRIGGER ALL; "
            + $"UPDATE messaging.resend SET created_at = {AnHourAgo}");
        payments.Ledger.DeliverLate(new JsonObject { ["id"] = completed, ["paymentId"] = completed, ["totalMinor"] = 1L }); // A debit under a refused id.

        var checks = await ReconcileAsync(payments);

        Assert.False(checks["payments_debits_at_ledger"]["ok"]!.GetValue<bool>());
        Assert.Equal(refunding.ToString(), checks["payments_refunds_overdue"]["details"]![0]!.GetValue<string>());
        Assert.Equal($"payment-settled:{completed}", checks["payments_settlements_overdue"]["details"]![0]!.GetValue<string>());
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(4, true)] // Looked at when it was younger: not every table is summed for ever.
    public async Task A_posted_attempt_with_another_operation_is_found_among_those_of_the_last_three_days(int days, bool ok)
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        var attempt = Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddDays(-days));
        await payments.ExecuteAsOwnerAsync(
            "ALTER TABLE payments.attempt DISABLE TRIGGER ALL; "
            + $"UPDATE payments.attempt SET status = 'refused', operation_id = NULL WHERE payment_id = '{id}'; "
            + $"INSERT INTO payments.attempt (attempt_id, payment_id, status, operation_id, closed_at) VALUES ('{attempt}', '{id}', 'posted', '{attempt}', {AnHourAgo}); "
            + "ALTER TABLE payments.attempt ENABLE TRIGGER ALL");
        await AsOwnerAsync(payments, $"UPDATE payments.payment SET debit_id = '{attempt}', operation_id = gen_random_uuid() WHERE payment_id = '{id}'");

        var check = (await ReconcileAsync(payments))["payments_attempts_kopecks"];

        Assert.Equal(ok, check["ok"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Reconciliation_needs_a_service_of_the_house()
    {
        await using var payments = await StartAsync();
        using var other = payments.ServiceClient("gateway", "payments:operate");

        using var response = await other.GetAsync(new Uri("/internal/reconciliation", UriKind.Relative), Token);

        Assert.NotEqual(200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("Completed", false, "completed", 100, null)]
    [InlineData("Completed", false, "completed", 101, "another amount")]
    [InlineData("Completed", false, "failed", 100, "completed here, failed at the rail")]
    [InlineData("Completed", false, null, null, "completed here, absent at the rail")]
    [InlineData("Completed", true, null, null, null)]
    [InlineData("Completed", true, "failed", 100, "completed by hand, failed at the rail")]
    [InlineData("Failed", false, "completed", 100, "refunded here, completed at the rail")]
    [InlineData("Refunding", true, "completed", 100, "refunded here, completed at the rail")]
    [InlineData("Failed", false, "failed", 100, null)]
    [InlineData("Failed", false, null, null, null)]
    [InlineData("Confirming", false, "completed", 100, null)]
    [InlineData("Confirming", false, "processing", null, null)]
    [InlineData("Resolved", false, "completed", 100, "never debited")]
    [InlineData("Expired", false, "accepted", 100, "never debited")]
    [InlineData(null, false, "completed", 100, "unknown here")]
    public void Each_pair_of_words_is_judged(string? state, bool byHand, string? status, int? amount, string? fault)
    {
        var payment = state is null
            ? null
            : new StatementPayment(Guid.Empty, Enum.Parse<PaymentState>(state), new Kopecks(100), byHand);

        Assert.Equal(fault, StatementComparison.FaultOf(payment, status, amount is { } kopecks ? new Kopecks(kopecks) : null));
    }

    private static string Statement(Guid id, string status, long amountMinor) =>
        $$"""{"transfers":[{"id":"{{id}}","status":"{{status}}","amountMinor":{{amountMinor}}}],"nextFrom":null}""";

    private static async Task<Guid> PaidAnHourAgoAsync(PaymentsHarness payments)
    {
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await AsOwnerAsync(payments, $"UPDATE payments.payment SET created_at = {AnHourAgo}, confirmed_at = {AnHourAgo}, completed_at = {AnHourAgo} WHERE payment_id = '{id}'");
        await payments.ExecuteAsOwnerAsync(
            $"ALTER TABLE payments.attempt DISABLE TRIGGER ALL; UPDATE payments.attempt SET closed_at = {AnHourAgo}; ALTER TABLE payments.attempt ENABLE TRIGGER ALL");
        return id;
    }

    private static Task AsOwnerAsync(PaymentsHarness payments, string sql) => payments.ExecuteAsOwnerAsync(
        $"ALTER TABLE payments.payment DISABLE TRIGGER guard_payment; {sql}; ALTER TABLE payments.payment ENABLE TRIGGER guard_payment");

    private static async Task<Dictionary<string, JsonNode>> ReconcileAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", "payments:reconcile");
        var answer = JsonNode.Parse(await client.GetStringAsync(new Uri("/internal/reconciliation", UriKind.Relative), Token))!;
        return answer["checks"]!.AsArray().ToDictionary(check => check!["name"]!.GetValue<string>(), check => check!);
    }
}
