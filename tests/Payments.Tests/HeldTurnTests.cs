using System.Net;
using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Features;
using ArdorQr.Payments.Tests.Fakes;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>A submission that the rail has taken waits a second for its call, so that both are one commit.</summary>
public sealed class HeldTurnTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_call_within_the_first_second_is_recorded_with_the_submission()
    {
        await using var payments = await StartAsync(runJobs: true, before: harness => harness.HoldTime = _time);
        var id = await HeldAsync(payments);
        var before = await EpochAndTriesAsync(payments, id);

        payments.Rail.Set(id, "completed");
        using var response = await RailCallback.SendAsync(payments, RailCallback.Body(id, "completed"));
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);

        Assert.Equal((0, 0), before);
        Assert.Equal((0, 2), await EpochAndTriesAsync(payments, id));
        Assert.Equal(["1 submit processing", "2 ask completed"], await TurnsAsync(payments, id));
        Assert.True(await payments.ScalarAsync<bool>(
            "SELECT max(at) > min(at) FROM payments.timeline WHERE turn IS NOT NULL"), "Each turn has its own time.");
    }

    [Fact]
    public async Task A_call_that_overtakes_the_submissions_answer_is_heard()
    {
        await using var payments = await StartAsync(runJobs: true, before: harness => harness.HoldTime = _time);
        payments.Rail.Execute = _ => ("processing", null);
        payments.Rail.Before = async _ =>
        {
            if (payments.Rail.Calls.Last() is var call && call.StartsWith("PUT ", StringComparison.Ordinal))
            {
                using var response = await RailCallback.SendAsync(
                    payments, RailCallback.Body(Guid.Parse(call[^36..]), "completed"));
                Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            }
        };
        payments.Rail.Answer = (method, _) => method == HttpMethod.Get ? FakeRail.Json("""{"status":"completed"}""") : null;

        var id = await payments.ConfirmedAsync();
        await payments.Events.PublishedAsync<PaymentCompleted>(Token); // While no second passes.

        Assert.Equal(["1 submit processing", "2 ask completed"], await TurnsAsync(payments, id));
        Assert.Equal((0, 2), await EpochAndTriesAsync(payments, id));
    }

    [Fact]
    public async Task A_rail_that_does_not_call_is_asked_a_second_after_the_submission()
    {
        await using var payments = await StartAsync(runJobs: true, before: harness => harness.HoldTime = _time);
        var id = await HeldAsync(payments);

        payments.Rail.Set(id, "completed");
        _time.Advance(TimeSpan.FromSeconds(1));
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);

        Assert.Equal((1, 2), await EpochAndTriesAsync(payments, id));
        Assert.Equal(["1 submit processing", "2 ask completed"], await TurnsAsync(payments, id));
    }

    [Fact]
    public async Task A_held_turn_is_recorded_and_due_when_the_service_stops()
    {
        await using var payments = await StartAsync(runJobs: true, before: harness => harness.HoldTime = _time);
        var id = await HeldAsync(payments);

        await payments.Services.GetRequiredService<HeldTurns>().CloseAsync();

        Assert.Equal(["1 submit processing"], (await TurnsAsync(payments, id)).Take(1));
        Assert.False(payments.Services.GetRequiredService<HeldTurns>().Contains(id));
    }

    [Fact]
    public async Task A_held_turn_whose_lease_was_taken_over_changes_nothing()
    {
        await using var payments = await StartAsync(runJobs: true, before: harness => harness.HoldTime = _time);
        var id = await HeldAsync(payments);
        await payments.ExecuteSqlAsync(
            "UPDATE payments.submission SET lease_epoch = 7, leased_until = clock_timestamp() + interval '1 hour'", null);

        payments.Rail.Set(id, "completed");
        await payments.Services.GetRequiredService<ExecutePayment>().HearAsync(id, Token);

        Assert.Equal((7, 0), await EpochAndTriesAsync(payments, id));
        Assert.Equal("confirming", await payments.StatusOfAsync(id));
    }

    [Fact]
    public async Task Without_the_executor_nothing_is_held()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();

        await payments.TurnAsync(id);

        Assert.False(payments.Services.GetRequiredService<HeldTurns>().Contains(id));
        Assert.Equal(["1 submit processing"], await TurnsAsync(payments, id));
    }

    [Fact]
    public async Task Ledgers_answers_that_come_together_are_recorded_in_one_commit()
    {
        const int answers = 8;
        await using var payments = await StartAsync();
        await payments.ExecuteSqlAsync(
            """
            INSERT INTO messaging.resend (answer_key, event_id, message_type, body, due_at)
            SELECT 'payment-settled:' || lpad(number::text, 8, '0') || '-0000-7000-8000-000000000000',
                gen_random_uuid(), 'any', '{}', clock_timestamp() + interval '1 hour'
            FROM generate_series(1, 8) AS number
            """, null);

        var records = payments.Services.GetRequiredService<SettlementRecords>();
        await Task.WhenAll(Enumerable.Range(1, answers).Select(number => records.RecordAsync(new PaymentSettled
        {
            EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
            CreatedAt = TimeProvider.System.GetUtcNow(),
            MerchantId = payments.MerchantId,
            Mode = Contracts.Mode.Test,
            PaymentId = Guid.Parse($"{number:00000000}-0000-7000-8000-000000000000"),
            DebitId = payments.MerchantId,
        })));

        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM messaging.resend"));
        Assert.Equal(answers, await payments.ScalarAsync<long>("SELECT count(*) FROM messaging.inbox"));
        Assert.Equal(1, await payments.ScalarAsync<long>("SELECT count(DISTINCT xmin::text) FROM messaging.inbox"));
    }

    /// <summary>A payment whose submission the rail has taken, and has not called about.</summary>
    private static async Task<Guid> HeldAsync(PaymentsHarness payments)
    {
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();
        var held = payments.Services.GetRequiredService<HeldTurns>();
        await Eventually.TrueAsync(() => Task.FromResult(held.Contains(id)), Token);
        return id;
    }

    private static async Task<(long Epoch, int Tries)> EpochAndTriesAsync(PaymentsHarness payments, Guid id)
    {
        await using var connection = await payments.Database.OpenAsync(Token);
        return await connection.QuerySingleAsync<(long, int)>(
            "SELECT lease_epoch, tries FROM payments.submission WHERE payment_id = @id", new { id }, Token);
    }

    private static async Task<IEnumerable<string>> TurnsAsync(PaymentsHarness payments, Guid id)
    {
        await using var connection = await payments.Database.OpenAsync(Token);
        return await connection.QueryAsync<string>(
            "SELECT concat_ws(' ', turn, action, answer) FROM payments.timeline WHERE payment_id = @id AND turn IS NOT NULL ORDER BY entry_id",
            new { id }, Token);
    }
}
