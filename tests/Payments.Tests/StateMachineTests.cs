using ArdorQr.Payments.Domain;
using Npgsql;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>The table refuses what the state machine refuses, whoever asks.</summary>
public sealed class StateMachineTests
{
    [Fact]
    public async Task The_tables_trigger_allows_exactly_the_moves_of_the_domain()
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());
        await payments.ExecuteAsOwnerAsync("""
            DO $$ DECLARE name text; BEGIN
                FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'payments.payment'::regclass AND contype = 'c' LOOP
                    EXECUTE format('ALTER TABLE payments.payment DROP CONSTRAINT %I', name);
                END LOOP;
            END $$
            """);

        foreach (var from in Enum.GetValues<PaymentState>())
        {
            foreach (var to in Enum.GetValues<PaymentState>().Where(to => to != from))
            {
                await payments.ExecuteAsOwnerAsync(
                    $"ALTER TABLE payments.payment DISABLE TRIGGER guard_payment; UPDATE payments.payment SET state = '{from.Code()}'; ALTER TABLE payments.payment ENABLE TRIGGER guard_payment;");
                var isAllowed = await IsAllowedAsync(payments, $"UPDATE payments.payment SET state = '{to.Code()}', version = version + 1, changed_at = clock_timestamp() WHERE payment_id = '{id}'");
                Assert.True(isAllowed == PaymentStates.Transitions.Contains((from, to)), $"{from} → {to}: {isAllowed}");
            }
        }
    }

    [Theory]
    [InlineData("UPDATE payments.payment SET amount_kopecks = 1, total_kopecks = 1, version = version + 1, changed_at = clock_timestamp()")]
    [InlineData("UPDATE payments.payment SET reference = 'x'")]
    [InlineData("UPDATE payments.payment SET total_kopecks = 1, version = version + 1, changed_at = clock_timestamp()")]
    [InlineData("UPDATE payments.payment SET state = 'completed', completed_at = now(), outcome_event_id = payment_id, version = version + 1, changed_at = clock_timestamp()")]
    [InlineData("UPDATE payments.payment SET state = 'confirming', debit_id = payment_id, operation_id = payment_id, processing_event_id = payment_id, confirmed_at = now(), version = version + 1, changed_at = clock_timestamp()")]
    [InlineData("DELETE FROM payments.payment")]
    public async Task The_service_itself_cannot_break_a_payment(string sql)
    {
        await using var payments = await StartAsync();
        await payments.CreateAsync();

        Assert.False(await IsAllowedAsync(payments, sql));
    }

    [Fact]
    public async Task A_closed_attempt_is_final_and_one_stands_at_a_time()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();

        Assert.False(await IsAllowedAsync(payments, "UPDATE payments.attempt SET status = 'voided', operation_id = NULL"));
        Assert.False(await IsAllowedAsync(payments, $"INSERT INTO payments.attempt (attempt_id, payment_id, status, due_at) VALUES ('{id}', '{id}', 'open', now())"));
    }

    [Fact]
    public void A_move_that_is_not_listed_is_a_defect()
    {
        Assert.Throws<InvalidOperationException>(() => PaymentStates.Require(PaymentState.Completed, PaymentState.Refunding));
        Assert.Equal("confirming", PaymentState.Refunding.PublicStatus());
        Assert.Equal(["confirming", "refunding"], PaymentStates.CodesOf("confirming"));
    }

    private static async Task<bool> IsAllowedAsync(PaymentsHarness payments, string sql)
    {
        try
        {
            await payments.ExecuteSqlAsync(sql, null);
            return true;
        }
        catch (PostgresException)
        {
            return false;
        }
    }
}
