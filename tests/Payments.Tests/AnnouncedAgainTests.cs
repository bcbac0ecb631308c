using System.Text.Json;
using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Features.Recovery;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>What is told again after a restore: all that the broker can have forgotten, as it was told before.</summary>
public sealed class AnnouncedAgainTests
{
    private const string Lengthen = "UPDATE payments.payment SET created_at = created_at - interval '5 days'";

    [Fact]
    public async Task A_completed_payment_is_told_again_by_the_same_events_byte_by_byte()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);
        await payments.Events.PublishedAsync<PaymentProcessing>(Token);

        await AnnounceAsync(payments);

        await AssertTwiceTheSameAsync<PaymentProcessing>(payments);
        await AssertTwiceTheSameAsync<PaymentCompleted>(payments);
    }

    [Fact]
    public async Task A_failed_payment_is_told_again_by_the_same_events_byte_by_byte()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("failed", "payee_rejected");
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await RefundAsync(payments, id);
        await payments.Events.PublishedAsync<PaymentFailed>(Token);
        await payments.Events.PublishedAsync<PaymentProcessing>(Token);

        await AnnounceAsync(payments);

        await AssertTwiceTheSameAsync<PaymentProcessing>(payments);
        await AssertTwiceTheSameAsync<PaymentFailed>(payments);
    }

    [Theory]
    [InlineData("completed")]
    [InlineData("failed")]
    [InlineData("confirming")]
    public async Task A_payment_that_was_long_in_review_is_told_of_by_what_changed_and_not_by_its_age(string state)
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => state == "failed" ? ("failed", "payee_rejected") : ("completed", null);
        var id = await payments.ConfirmedAsync();
        if (state != "confirming")
        {
            await payments.TurnAsync(id);
        }

        if (state == "failed")
        {
            await RefundAsync(payments, id);
        }

        await Eventually.TrueAsync(async () => await payments.StatusOfAsync(id) == state, Token);
        await payments.Events.PublishedAsync<PaymentProcessing>(Token);
        await payments.ExecuteAsOwnerAsync(
            $"""
            ALTER TABLE payments.payment DISABLE TRIGGER guard_payment;
            {Lengthen};
            ALTER TABLE payments.payment ENABLE TRIGGER guard_payment;
            """);

        await AnnounceAsync(payments);

        await Eventually.TrueAsync(
            () => Task.FromResult(payments.Events.Published<PaymentProcessing>().Count == 2), Token);
    }

    [Fact]
    public async Task What_changed_before_the_margin_is_not_told_again()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);

        await AnnounceAsync(payments, TimeProvider.System.GetUtcNow().AddMinutes(1));

        // Events leave in their order: what is told later has it behind itself.
        var later = await payments.ConfirmedAsync(new { qr = Codes.OtherDynamic });
        await Eventually.TrueAsync(
            () => Task.FromResult(payments.Events.Published<PaymentProcessing>().Any(told => told.PaymentId == later)), Token);
        Assert.Equal(2, payments.Events.Published<PaymentProcessing>().Count);
        Assert.Single(payments.Events.Published<PaymentCompleted>());
    }

    private static async Task RefundAsync(PaymentsHarness payments, Guid id) => await payments.TellRefundedAsync(
        id, await payments.ScalarAsync<long>("SELECT total_kopecks FROM payments.payment"));

    private static async Task AnnounceAsync(PaymentsHarness payments, DateTimeOffset? from = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var step = ActivatorUtilities.CreateInstance<AnnounceAgain>(payments.Services);
        var episode = new RecoveryEpisode { Since = now, BegunAt = now.AddMinutes(1) };
        Assert.Null(await step.MatchAsync(episode, from ?? now.AddHours(-1), Token));
    }

    private static async Task AssertTwiceTheSameAsync<TEvent>(PaymentsHarness payments)
    {
        await Eventually.TrueAsync(() => Task.FromResult(payments.Events.Published<TEvent>().Count >= 2), Token);
        var told = payments.Events.Published<TEvent>().Select(message => JsonSerializer.Serialize(message)).ToList();
        Assert.Equal(told[0], told[1]);
    }
}
