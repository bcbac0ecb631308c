using ArdorQr.Contracts.Events;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>A payment from its code to its end, with the jobs running as they do in production.</summary>
public sealed class JourneyTests
{
    [Fact]
    public async Task A_payment_is_created_confirmed_executed_and_completed()
    {
        await using var payments = await StartAsync(runJobs: true);

        var created = await payments.CreateAsync(new { qr = Codes.Dynamic, reference = "order-4821" });
        var confirmed = await payments.ConfirmAsync(Id(created));
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);
        var completed = await payments.GetAsync(Id(created));

        Assert.Equal("resolved", created["status"]!.GetValue<string>());
        Assert.Equal("ООО Ромашка", created["merchantName"]!.GetValue<string>());
        Assert.Equal("Сбербанк", created["merchantBank"]!.GetValue<string>());
        Assert.Equal(125000, created["totalMinor"]!.GetValue<long>());
        Assert.Equal("order-4821", created["reference"]!.GetValue<string>());
        Assert.Equal("dynamic", created["qr"]!["kind"]!.GetValue<string>());
        Assert.Null(created["operationId"]);
        Assert.Equal("confirming", confirmed["status"]!.GetValue<string>());
        Assert.NotNull(confirmed["operationId"]);
        Assert.Equal("completed", completed["status"]!.GetValue<string>());
        Assert.NotNull(completed["completedAt"]);
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal("Оплата по QR", payments.Ledger.LastDebitRequest!["description"]!.GetValue<string>());
        Assert.Equal(1, payments.Rail.CountOf("PUT"));
    }

    [Fact]
    public async Task Events_carry_the_payment_as_its_get_shows_it()
    {
        await using var payments = await StartAsync(runJobs: true);

        var id = await payments.ConfirmedAsync();
        var processing = await payments.Events.PublishedAsync<PaymentProcessing>(Token);
        var completed = await payments.Events.PublishedAsync<PaymentCompleted>(Token);

        Assert.Equal("confirming", processing.Payment.GetProperty("status").GetString());
        Assert.Equal((await payments.GetAsync(id)).ToJsonString(), System.Text.Json.Nodes.JsonNode.Parse(completed.Payment.GetRawText())!.ToJsonString());
        Assert.True(completed.CreatedAt > processing.CreatedAt);
        Assert.Equal(id, completed.PaymentId);
    }

    [Fact]
    public async Task A_refused_payment_stays_confirming_until_its_money_is_back()
    {
        await using var payments = await StartAsync(
            runJobs: true, before: harness => harness.Rail.Execute = _ => ("failed", "payee_rejected"));

        var id = await payments.ConfirmedAsync();
        var rejected = await payments.Events.PublishedAsync<PaymentRejected>(Token);
        var before = await payments.GetAsync(id);
        await payments.PublishAsync(RefundOf(rejected));
        await payments.Events.PublishedAsync<PaymentFailed>(Token);
        var after = await payments.GetAsync(id);

        Assert.Equal("confirming", before["status"]!.GetValue<string>());
        Assert.Null(before["failureReason"]);
        Assert.Equal("failed", after["status"]!.GetValue<string>());
        Assert.Equal("payee_rejected", after["failureReason"]!.GetValue<string>());
        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM messaging.resend"));
    }

    [Fact]
    public async Task A_repeated_refund_fails_the_payment_once()
    {
        await using var payments = await StartAsync(
            runJobs: true, before: harness => harness.Rail.Execute = _ => ("failed", "payee_rejected"));

        await payments.ConfirmedAsync();
        var refund = RefundOf(await payments.Events.PublishedAsync<PaymentRejected>(Token));
        await payments.PublishAsync(refund);
        await payments.Events.ConsumedAsync<PaymentRefunded>(1, Token);
        await payments.PublishAsync(refund);
        await payments.PublishAsync(refund with { EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()) });
        await payments.Events.ConsumedAsync<PaymentRefunded>(3, Token);
        await payments.Events.PublishedAsync<PaymentFailed>(Token);

        Assert.Single(payments.Events.Published<PaymentFailed>());
    }

    [Fact]
    public async Task A_settled_payment_is_announced_no_more()
    {
        await using var payments = await StartAsync(runJobs: true);

        var id = await payments.ConfirmedAsync();
        await payments.Events.PublishedAsync<PaymentCompleted>(Token);
        var waiting = await payments.ScalarAsync<long>("SELECT count(*) FROM messaging.resend");
        await payments.PublishAsync(new PaymentSettled
        {
            EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
            CreatedAt = TimeProvider.System.GetUtcNow(),
            MerchantId = payments.MerchantId,
            Mode = Contracts.Mode.Test,
            PaymentId = id,
            DebitId = id,
        });
        await payments.Events.ConsumedAsync<PaymentSettled>(1, Token);

        Assert.Equal(1, waiting);
        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM messaging.resend"));
    }

    private static PaymentRefunded RefundOf(PaymentRejected rejected) => new()
    {
        EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = rejected.MerchantId,
        Mode = rejected.Mode,
        PaymentId = rejected.PaymentId,
        OperationId = rejected.DebitId,
        TotalMinor = rejected.TotalMinor,
    };
}
