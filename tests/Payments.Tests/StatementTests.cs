using System.Net;
using System.Text.Json.Nodes;
using ArdorQr.ServiceDefaults.Http;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Payments against the rail's statement, as the reconciliation across services asks for it.</summary>
public sealed class StatementTests
{
    private const string Failed =
        "state = 'failed', completed_at = NULL, failure_reason = 'payee_rejected', failed_event_id = gen_random_uuid()";

    [Fact]
    public async Task A_completed_payment_that_the_statement_lacks_is_asked_for_by_its_id()
    {
        await using var payments = await StartAsync();
        await PaidAsync(payments);

        var compared = await CompareAsync(payments);

        Assert.True(compared["isWhole"]!.GetValue<bool>());
        Assert.Empty(compared["faults"]!.AsArray());
    }

    [Fact]
    public async Task A_completed_payment_that_the_rail_has_never_seen_is_a_fault()
    {
        await using var payments = await StartAsync();
        var id = await PaidAsync(payments);
        payments.Rail.Answer = (method, path) =>
            IsAsked(method, path) ? new HttpResponseMessage(HttpStatusCode.NotFound) : null;

        var fault = Assert.Single((await CompareAsync(payments))["faults"]!.AsArray())!;

        Assert.Equal(("rail_did_not_pay", id), (fault["kind"]!.GetValue<string>(), fault["paymentId"]!.GetValue<Guid>()));
        Assert.Null(fault["railStatus"]);
    }

    /// <summary>A rail that doesn't answer has not said that it didn't pay.</summary>
    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.OK)] // An answer in no form that is known.
    public async Task Where_the_rail_does_not_say_of_a_payment_nothing_is_judged(HttpStatusCode answered)
    {
        await using var payments = await StartAsync();
        await PaidAsync(payments);
        payments.Rail.Answer = (method, path) => IsAsked(method, path) ? Fakes.FakeRail.Json("{}", answered) : null;

        var compared = await CompareAsync(payments);

        Assert.False(compared["isWhole"]!.GetValue<bool>());
        Assert.Empty(compared["faults"]!.AsArray());
    }

    /// <summary>Its line is in the statement of days ago, if anywhere.</summary>
    [Theory]
    [InlineData("completed", "failed", "rail_did_not_pay")]
    [InlineData("failed", "completed", "rail_paid_what_was_refunded")]
    [InlineData("completed", "completed", null)]
    public async Task A_payment_that_ends_days_after_its_debit_is_asked_for_by_its_id(
        string state, string atRail, string? fault)
    {
        await using var payments = await StartAsync();
        var id = await PaidAsync(payments);
        await DebitedBeforeAsync(payments, id, days: 4, state == "completed" ? null : Failed);
        payments.Rail.Set(id, atRail, atRail == "failed" ? "payee_rejected" : null);

        var faults = (await CompareAsync(payments))["faults"]!.AsArray();

        Assert.Equal(fault is null ? [] : [fault], faults.Select(found => found!["kind"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Late_in_the_book_is_what_is_older_and_in_review_or_has_ended_since()
    {
        await using var payments = await StartAsync();
        var (fresh, ended, before, review) = (
            await PaidAsync(payments, 1), await PaidAsync(payments, 2), await PaidAsync(payments, 3),
            await PaidAsync(payments, 4));
        await DebitedBeforeAsync(payments, ended, days: 4);
        await DebitedBeforeAsync(payments, before, days: 4, "changed_at = clock_timestamp() - interval '4 days'");
        await DebitedBeforeAsync(
            payments, review, days: 9,
            "changed_at = clock_timestamp() - interval '9 days', state = 'confirming', completed_at = NULL, "
                + "outcome_event_id = NULL, review = true, review_reason = 'overdue'");

        using var client = payments.ServiceClient("gateway", "payments:reconcile");
        var from = TimeProvider.System.GetUtcNow().AddDays(-3);
        var path = $"/internal/books/payments/late?after={Guid.Empty}&before={BookQuery.FirstIdAt(from)}&changedFrom={from.UtcDateTime:O}";
        var rows = JsonNode.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative), Token))!["rows"]!.AsArray();

        Assert.Equal([review, ended], rows.Select(row => row!["paymentId"]!.GetValue<Guid>()));
        Assert.NotEqual(Guid.Empty, fresh);
    }

    private static Task DebitedBeforeAsync(PaymentsHarness payments, Guid id, int days, string? set = null) =>
        payments.ExecuteAsOwnerAsync(
            $"""
             SET session_replication_role = replica;
             UPDATE payments.payment
             SET debit_id = '{Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddDays(-days))}'{(set is null ? "" : ", " + set)}
             WHERE payment_id = '{id}';
             RESET session_replication_role;
             """);

    private static bool IsAsked(HttpMethod method, string path) =>
        method == HttpMethod.Get && path.StartsWith("/rail/v1/transfers/", StringComparison.Ordinal);

    /// <param name="payments">Where.</param>
    /// <param name="rubles">By the code of a payee who may be paid again; null for a code that is paid once.</param>
    private static async Task<Guid> PaidAsync(PaymentsHarness payments, int? rubles = null)
    {
        var id = await payments.ConfirmedAsync(
            rubles is null ? null : new { qr = Qr.QrTexts.BankTransfer($"|Sum={rubles * 100}") });
        await payments.TurnAsync(id);
        return id;
    }

    private static async Task<JsonNode> CompareAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", "payments:reconcile");
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var path = $"/internal/books/statement?mode=test&from={now.AddHours(-1):O}&to={now.AddMinutes(5):O}";
        return JsonNode.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative), Token))!;
    }
}
