using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Features;
using ArdorQr.Payments.Tests.Fakes;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Who takes a payment's turn: one holder at a time, and no merchant all of them.</summary>
public sealed class ExecutorTests
{
    private const string GetState = "SELECT state FROM payments.payment WHERE payment_id = @id";

    [Fact]
    public async Task A_holder_whose_lease_was_taken_over_changes_nothing()
    {
        await using var payments = await StartAsync();
        var turn = payments.Services.GetRequiredService<ExecutePayment>();
        var id = await payments.ConfirmedAsync();

        var paused = await payments.ClaimAsync(leaseSeconds: 0);
        payments.Rail.Execute = _ => ("processing", null);
        var current = await payments.ClaimAsync();
        await turn.RunAsync(current, Token);
        payments.Rail.Set(id, "failed", "payee_rejected");
        await turn.RunAsync(paused, Token);

        Assert.True(current.LeaseEpoch > paused.LeaseEpoch);
        Assert.Equal("confirming", await payments.ScalarAsync<string>(GetState, new { id }));
        Assert.Equal(1, await payments.ScalarAsync<int>("SELECT tries FROM payments.submission WHERE payment_id = @id", new { id }));
    }

    [Fact]
    public async Task Two_executors_do_not_hold_one_payment()
    {
        await using var payments = await StartAsync();
        await payments.ConfirmedAsync();

        await payments.ClaimAsync();
        await using var connection = await payments.Database.OpenAsync(Token);

        Assert.Empty(await Database.SubmissionTable.ClaimAsync(connection, 10, 60, [], Token));
    }

    [Fact]
    public async Task A_merchant_whose_payments_all_hang_does_not_keep_others_waiting()
    {
        var hang = new TaskCompletionSource();
        await using var payments = await StartAsync(
            new() { ["Payments:Rails:Test:TimeoutSeconds"] = "60" }, runJobs: true,
            before: harness => harness.Rail.Before = body =>
                body?["amountMinor"]?.GetValue<long>() == 7 ? hang.Task : Task.CompletedTask);
        using var other = payments.ClientOf(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
        for (var number = 0; number < 40; number++) // More than there are turns.
        {
            await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 7 });
        }

        var id = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 8 }, other));
        await payments.ConfirmAsync(id, client: other);
        var completed = await payments.Events.PublishedAsync<PaymentCompleted>(Token);
        var turns = payments.Rail.CountOf("PUT");
        hang.SetResult();

        Assert.Equal(id, completed.PaymentId);
        Assert.InRange(turns, 1, 9); // Eight that hang, and the other merchant's.
    }

    [Fact]
    public async Task A_confirmed_payment_is_in_its_executors_hands_without_a_claim()
    {
        await using var payments = await StartAsync(runJobs: true);

        var id = await payments.ConfirmedAsync();
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);

        Assert.Equal((0, 1), await EpochAndTriesAsync(payments, id));
    }

    [Fact]
    public async Task A_callback_is_heard_at_once_and_its_row_taken_with_the_answer()
    {
        await using var payments = await StartAsync(runJobs: true);
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();
        await Eventually.TrueAsync(async () => await EpochAndTriesAsync(payments, id) == (1, 2), Token);
        await payments.ExecuteSqlAsync("UPDATE payments.submission SET due_at = clock_timestamp() + interval '1 hour'", null);

        payments.Rail.Set(id, "completed", null);
        using var response = await RailCallback.SendAsync(payments, RailCallback.Body(id, "failed"));
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);

        Assert.Equal(204, (int)response.StatusCode);
        Assert.Equal((2, 3), await EpochAndTriesAsync(payments, id));
    }

    [Fact]
    public async Task A_callback_of_a_payment_in_anothers_hands_changes_nothing()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        var claim = await payments.ClaimAsync();
        payments.Rail.Set(id, "failed", "payee_rejected");

        await payments.Services.GetRequiredService<ExecutePayment>().HearAsync(id, Token);

        Assert.Equal((claim.LeaseEpoch, 0), await EpochAndTriesAsync(payments, id));
        Assert.Equal("confirming", await payments.ScalarAsync<string>(GetState, new { id }));
    }

    private static async Task<(long Epoch, int Tries)> EpochAndTriesAsync(PaymentsHarness payments, Guid id)
    {
        await using var connection = await payments.Database.OpenAsync(Token);
        return await connection.QuerySingleAsync<(long, int)>(
            "SELECT lease_epoch, tries FROM payments.submission WHERE payment_id = @id", new { id }, Token);
    }
}
