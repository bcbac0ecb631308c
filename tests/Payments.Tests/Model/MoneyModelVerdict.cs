namespace ArdorQr.Payments.Tests.Model;

/// <summary>What must be true of a payment's money when its story is over, whatever the story was.</summary>
internal static class MoneyModelVerdict
{
    /// <summary>What is wrong fails the test.</summary>
    /// <param name="payments">The service.</param>
    /// <param name="rail">The bank.</param>
    /// <param name="id">The payment of the story.</param>
    /// <param name="before">What the merchant had and was given, in kopecks.</param>
    /// <param name="amountMinor">The payment's sum, in kopecks.</param>
    /// <param name="tell">Takes the end of the story, before it is judged.</param>
    public static async Task JudgeAsync(
        PaymentsHarness payments, ModelRail rail, Guid id, long before, int amountMinor, Action<string> tell)
    {
        var state = await payments.ScalarAsync<string>("SELECT state FROM payments.payment WHERE payment_id = @id", new { id });
        var told = (await payments.ScalarAsync<string>(
            "SELECT coalesce(string_agg(message_type, ','), '') FROM messaging.resend WHERE body::jsonb ->> 'paymentId' = @id",
            new { id = id.ToString() })).Split(',', StringSplitOptions.RemoveEmptyEntries);
        var debited = payments.Ledger.DebitedFor(id);
        var byHand = await payments.ScalarAsync<string?>("SELECT outcome FROM payments.settlement WHERE payment_id = @id", new { id });
        var contradicted = await payments.ScalarAsync<string?>("SELECT contradicted_by FROM payments.settlement WHERE payment_id = @id", new { id });
        tell($"{state}; bank: {rail.Status}; by hand: {byHand}; told: {string.Join(',', told)}; debited {debited}");

        Assert.False(rail.HasConflict, "The rail was given two bodies for one id.");
        if (state is "resolved" or "expired")
        {
            Assert.Equal((0, null, 0), (debited, rail.Status, told.Length));
            Assert.Equal(before, payments.Ledger.Balance);
            return;
        }

        Assert.Equal(amountMinor, debited);
        Assert.Contains(state, new[] { "completed", "failed" });
        Assert.Equal(byHand is null ? rail.HasPaid : byHand == "completed", state == "completed");
        Assert.Equal(byHand is not null && rail.HasPaid != (state == "completed"), contradicted is not null);

        // Ledger is told of one end and never of both: a refusal is answered by now, a completion is told until it is,
        // and so is what the rail says against an operator.
        string[] expected =
        [
            .. state == "completed" ? ["ardorqr.payments.payment-completed.v1"] : Array.Empty<string>(),
            .. contradicted is not null ? ["ardorqr.payments.payment-contradicted.v1"] : Array.Empty<string>(),
        ];
        Assert.Equal(expected, told.Order());
        Assert.Equal(state == "completed" ? before - amountMinor : before, payments.Ledger.Balance);
    }
}
