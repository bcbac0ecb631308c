using ArdorQr.Payments.Tests.Fakes;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>The rail's callbacks: signed hints, never receipts.</summary>
public sealed class CallbackTests
{
    private const string Due = "SELECT due_at <= clock_timestamp() FROM payments.submission";

    [Fact]
    public async Task A_signed_callback_has_the_rail_asked_at_once_and_is_not_believed()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.ExecuteSqlAsync("UPDATE payments.submission SET due_at = clock_timestamp() + interval '1 hour'", null);

        using var response = await RailCallback.SendAsync(payments, RailCallback.Body(id, "completed"));
        var isDue = await payments.ScalarAsync<bool>(Due);
        await payments.TurnAsync(id);

        Assert.Equal(204, (int)response.StatusCode);
        Assert.True(isDue);
        Assert.Equal("confirming", await payments.StatusOfAsync(id)); // The rail itself still says processing.
    }

    [Theory]
    [InlineData(0, "another-secret-of-the-callbacks", 401)]
    [InlineData(-301, CallbackSecret, 401)]
    [InlineData(330, CallbackSecret, 401)]
    [InlineData(-240, CallbackSecret, 204)]
    public async Task A_wrong_or_old_signature_is_refused_and_changes_nothing(int ageSeconds, string secret, int status)
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        await payments.ExecuteSqlAsync("UPDATE payments.submission SET due_at = clock_timestamp() + interval '1 hour'", null);

        using var response = await RailCallback.SendAsync(payments, RailCallback.Body(id, "completed"), ageSeconds, secret);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 204, await payments.ScalarAsync<bool>(Due));
    }

    [Theory]
    [InlineData("")]
    [InlineData("t=,v1=")]
    [InlineData("v1=00")]
    [InlineData("t=1")]
    [InlineData("t=99999999999999999999,v1=00")]
    public async Task A_malformed_signature_is_refused(string header)
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();

        using var response = await RailCallback.SendAsync(payments, RailCallback.Body(id, "completed"), header: header);

        Assert.Equal("unauthorized", await CodeOfAsync(response, 401));
    }

    [Fact]
    public async Task A_callback_of_another_rail_or_for_an_unknown_transfer_is_404()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();

        using var otherRail = await RailCallback.SendAsync(payments, RailCallback.Body(id, "completed"), rail: "other");
        using var unknown = await RailCallback.SendAsync(payments, RailCallback.Body(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), "completed"));

        Assert.Equal("not_found", await CodeOfAsync(otherRail, 404));
        Assert.Equal("not_found", await CodeOfAsync(unknown, 404));
    }

    [Fact]
    public async Task A_caller_without_the_rails_secret_is_not_told_which_transfers_there_are()
    {
        await using var payments = await StartAsync();
        var unknown = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

        using var response = await RailCallback.SendAsync(payments, RailCallback.Body(unknown, "completed"), secret: "another-secret-for-tests");

        Assert.Equal("unauthorized", await CodeOfAsync(response, 401));
    }

    [Theory]
    [InlineData("""{"transferId":"\ud800"}""")]
    [InlineData("""{"transferId":"01a2132f-8d74-749a-843f-b200508d08\ud800"}""")]
    [InlineData("""{"transferId":7}""")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task A_body_that_names_no_transfer_is_400(string body)
    {
        await using var payments = await StartAsync();

        using var response = await RailCallback.SendAsync(payments, body);

        Assert.Equal("bad_json", await CodeOfAsync(response, 400));
    }

    [Fact]
    public async Task A_body_over_16_KiB_is_413()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();

        using var response = await RailCallback.SendAsync(payments, $$"""{"transferId":"{{id}}","status":"{{new string('x', 16 * 1024)}}"}""");

        Assert.Equal("body_too_large", await CodeOfAsync(response, 413));
    }

    [Fact]
    public async Task Callbacks_of_a_finished_payment_are_taken_and_do_nothing()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);

        using var first = await RailCallback.SendAsync(payments, RailCallback.Body(id, "completed"));
        using var second = await RailCallback.SendAsync(payments, RailCallback.Body(id, "failed"));

        Assert.Equal(204, (int)first.StatusCode);
        Assert.Equal(204, (int)second.StatusCode);
        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.submission WHERE due_at IS NOT NULL"));
    }

    private static string Body(Guid id, string status) => $$"""{"transferId":"{{id}}","status":"{{status}}"}""";
}
