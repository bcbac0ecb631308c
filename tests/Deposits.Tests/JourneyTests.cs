using System.Diagnostics;
using System.Net;
using System.Text.Json;
using ArdorQr.Contracts.Events;

namespace ArdorQr.Deposits.Tests;

/// <summary>From a row of the index to a credited deposit, over the bodies that another implementation made.</summary>
public sealed class JourneyTests
{
    private static readonly Guid Operation = Guid.Parse("01900000-0000-7000-8000-00000000000a");

    [Fact]
    public async Task A_transfer_is_pending_when_seen_and_credited_after_its_block_is_deep_enough_and_Ledger_has_posted()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.AddSampleRow();
        deposits.Outside.AddSampleTransactions();

        await deposits.RoundAsync();

        var detected = Assert.Single(await deposits.PublishedAsync<DepositDetected>(1));
        var pending = Assert.Single(await deposits.DepositsAsync());
        Assert.Equal(JsonSerializer.Serialize(pending), JsonSerializer.Serialize(detected.Deposit));
        Assert.Equal(("pending", "USDT", "TON", "25", "RUB"), (Text(pending, "status"), Text(pending, "asset"), Text(pending, "network"),
            pending.GetProperty("amount").GetRawText(), Text(pending, "currency")));
        Assert.Equal((Samples.SenderHashHex, Samples.SenderFriendly, Samples.OwnerFriendly),
            (Text(pending, "txHash"), Text(pending, "fromAddress"), Text(pending, "toAddress")));
        Assert.Equal(150, pending.GetProperty("feeBps").GetInt32());
        foreach (var later in new[] { "rate", "rateAt", "grossMinor", "feeMinor", "creditedMinor", "operationId", "creditedAt" })
        {
            Assert.Equal(JsonValueKind.Null, pending.GetProperty(later).ValueKind);
        }

        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();

        var confirmed = Assert.Single(await deposits.PublishedAsync<DepositConfirmed>(1));
        Assert.Equal((230_850L, 3_463L, 227_387L), (confirmed.GrossMinor.Value, confirmed.FeeMinor.Value, confirmed.CreditedMinor.Value));
        Assert.Equal("Пополнение 25 USDT по курсу 92.34 ₽", confirmed.Description);
        Assert.Equal("pending", Text(await deposits.DepositAsync(confirmed.DepositId), "status"));

        Assert.Null(await deposits.PostAsync(confirmed, Operation));

        var credited = Assert.Single(await deposits.PublishedAsync<DepositCredited>(1));
        var shown = await deposits.DepositAsync(confirmed.DepositId);
        Assert.Equal(JsonSerializer.Serialize(shown), JsonSerializer.Serialize(credited.Deposit));
        Assert.Equal(("credited", "92.34", Operation, Samples.SenderHashHex), (Text(shown, "status"), shown.GetProperty("rate").GetRawText(),
            shown.GetProperty("operationId").GetGuid(), Text(shown, "txHash")));
        Assert.Equal((230_850L, 3_463L, 227_387L), (shown.GetProperty("grossMinor").GetInt64(), shown.GetProperty("feeMinor").GetInt64(),
            shown.GetProperty("creditedMinor").GetInt64()));
        Assert.True(detected.CreatedAt < confirmed.CreatedAt && confirmed.CreatedAt < credited.CreatedAt);
        Assert.Equal(0, await deposits.ScalarAsync<long>("SELECT count(*) FROM messaging.resend"));
    }

    [Fact]
    public async Task A_running_service_credits_a_transfer_by_itself()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync(watches: true);
        deposits.Outside.AddSampleTransactions();
        deposits.Outside.AddSampleRow();
        await deposits.PublishedAsync<DepositDetected>(1);
        deposits.Outside.NextBlock();

        var confirmed = Assert.Single(await deposits.PublishedAsync<DepositConfirmed>(1));
        Assert.Null(await deposits.PostAsync(confirmed, Operation));

        Assert.Single(await deposits.PublishedAsync<DepositCredited>(1));
    }

    [Fact]
    public async Task A_posting_delivered_again_or_sent_again_credits_once()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var confirmed = await ConfirmedAsync(deposits);
        var eventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

        Assert.Null(await deposits.PostAsync(confirmed, Operation, eventId));
        Assert.Null(await deposits.PostAsync(confirmed, Operation, eventId));
        Assert.Null(await deposits.PostAsync(confirmed, Operation));

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositCredited>());
    }

    [Fact]
    public async Task A_posting_of_another_sum_or_another_operation_is_a_defect_and_changes_nothing()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var confirmed = await ConfirmedAsync(deposits);

        Assert.IsType<InvalidOperationException>(await deposits.PostAsync(confirmed, Operation, credited: confirmed.CreditedMinor.Value + 1));
        Assert.Equal("pending", Text(await deposits.DepositAsync(confirmed.DepositId), "status"));

        Assert.Null(await deposits.PostAsync(confirmed, Operation));
        Assert.IsType<InvalidOperationException>(await deposits.PostAsync(confirmed, Guid.CreateVersion7(TimeProvider.System.GetUtcNow())));
        Assert.Equal(Operation, (await deposits.DepositAsync(confirmed.DepositId)).GetProperty("operationId").GetGuid());
    }

    [Fact]
    public async Task The_confirmation_waits_to_be_sent_again_until_Ledger_has_answered()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        const string waiting = "SELECT count(*) FROM messaging.resend WHERE answer_key = 'deposit-posted:{0}' AND event_id = '{1}'";
        var confirmed = await ConfirmedAsync(deposits);
        var sql = string.Format(System.Globalization.CultureInfo.InvariantCulture, waiting, confirmed.DepositId, confirmed.EventId);
        Assert.Equal(1, await deposits.ScalarAsync<long>(sql));

        Assert.Null(await deposits.PostAsync(confirmed, Operation));

        Assert.Equal(0, await deposits.ScalarAsync<long>(sql));
    }

    [Fact]
    public async Task What_was_stored_before_the_process_died_is_announced_by_the_next_one()
    {
        await using var dying = await DepositsHost.StartWithMerchantAsync(sends: false);
        dying.Outside.AddSampleRow();
        dying.Outside.AddSampleTransactions();
        await dying.RoundAsync();
        await dying.ExecuteAsync("UPDATE messaging.outbox SET leased_until = clock_timestamp() - interval '1 second'");

        await using var next = dying.StartReplica();

        Assert.Single(await next.PublishedAsync<DepositDetected>(1));
        Assert.Equal(1, await dying.EnqueuedAsync<DepositDetected>());
    }

    [Fact]
    public async Task All_that_happens_to_a_deposit_is_one_trace()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ArdorQr.Deposits",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.AddSampleRow();
        deposits.Outside.AddSampleTransactions();

        await deposits.RoundAsync();
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();

        Assert.Equal(2, await deposits.ScalarAsync<long>("SELECT count(traceparent) FROM public.enqueued"));
        Assert.Equal(1, await deposits.ScalarAsync<long>("SELECT count(DISTINCT substr(traceparent, 4, 32)) FROM public.enqueued"));
    }

    [Fact]
    public async Task A_deposit_of_another_merchant_or_mode_is_not_found()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var confirmed = await ConfirmedAsync(deposits);
        var path = $"/v1/deposits/{confirmed.DepositId}";
        using var live = deposits.Client(Contracts.Mode.Live);
        using var other = deposits.Client(merchant: Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), number: 2);

        Assert.Equal(HttpStatusCode.NotFound, (await DepositsHost.SendAsync(live, HttpMethod.Get, path)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await DepositsHost.SendAsync(other, HttpMethod.Get, path)).Status);
        Assert.Empty((await DepositsHost.SendAsync(other, HttpMethod.Get, "/v1/deposits")).Body.GetProperty("deposits").EnumerateArray());
    }

    private static async Task<DepositConfirmed> ConfirmedAsync(DepositsHost deposits)
    {
        deposits.Outside.AddSampleRow();
        deposits.Outside.AddSampleTransactions();
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        return (await deposits.PublishedAsync<DepositConfirmed>(1))[0];
    }

    private static string? Text(JsonElement deposit, string name) => deposit.GetProperty(name).GetString();
}
