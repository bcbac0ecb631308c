using System.Net;
using System.Text.Json.Nodes;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Payments against the rail's statement, as the reconciliation across services asks for it.</summary>
public sealed class StatementTests
{
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

    private static bool IsAsked(HttpMethod method, string path) =>
        method == HttpMethod.Get && path.StartsWith("/rail/v1/transfers/", StringComparison.Ordinal);

    private static async Task<Guid> PaidAsync(PaymentsHarness payments)
    {
        var id = await payments.ConfirmedAsync();
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
