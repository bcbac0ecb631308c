using System.Text.Json.Nodes;
using ArdorQr.Contracts.Events;

namespace ArdorQr.Deposits.Tests;

/// <summary>What the watch sees, believes and does not believe.</summary>
public sealed class WatchTests
{
    [Fact]
    public async Task The_same_row_in_every_round_is_one_deposit_and_one_of_each_event()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.AddTransfer(25_000_000);
        deposits.Outside.AddSampleRow();
        deposits.Outside.AddSampleTransactions();

        for (var round = 0; round < 4; round++)
        {
            await deposits.RoundAsync();
            deposits.Outside.NextBlock();
        }

        Assert.Equal(2, (await deposits.DepositsAsync()).Count);
        Assert.Equal((2L, 2L), (await deposits.EnqueuedAsync<DepositDetected>(), await deposits.EnqueuedAsync<DepositConfirmed>()));
    }

    [Fact]
    public async Task A_row_of_another_jetton_is_no_deposit_whatever_its_name()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var fake = Samples.TransferRow;
        fake["jetton_master"] = "0:B113A994B5024A16719F69139328EB759596C38A25F59028B146FECDC3621DFE";
        deposits.Outside.AddRow(fake);
        deposits.Outside.AddSampleTransactions();

        await deposits.RoundAsync();

        Assert.Empty(await deposits.DepositsAsync());
    }

    [Fact]
    public async Task What_our_wallet_refused_fails_and_is_never_credited()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var (locked, outOfGas) = (deposits.Outside.Build(25_000_000), deposits.Outside.Build(26_000_000));
        Refuse(locked.ReceiverTransaction, bounces: true);
        Refuse(outOfGas.ReceiverTransaction, bounces: false);
        deposits.Outside.Show(locked, outOfGas);

        await deposits.RoundAsync();
        Assert.All(await deposits.DepositsAsync(), deposit => Assert.Equal("pending", deposit.GetProperty("status").GetString()));
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        await deposits.RoundAsync();

        Assert.All(await deposits.DepositsAsync(), deposit => Assert.Equal("failed", deposit.GetProperty("status").GetString()));
        var failed = await deposits.PublishedAsync<DepositFailed>(2);
        Assert.Equal(["aborted", "bounced"], failed.Select(failure => failure.Reason).Order());
        Assert.Equal((2L, 0L), (await deposits.EnqueuedAsync<DepositFailed>(), await deposits.EnqueuedAsync<DepositConfirmed>()));
    }

    [Fact]
    public async Task A_transaction_that_ran_but_failed_is_no_receipt()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var built = deposits.Outside.Build(25_000_000);
        built.ReceiverTransaction["description"]!["compute_ph"]!["success"] = false;
        deposits.Outside.Show(built);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        Assert.Equal("failed", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_transfer_whose_sender_failed_is_shown_as_failed_without_having_been_announced()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var built = deposits.Outside.Build(25_000_000);
        built.Row["transaction_aborted"] = true;
        built.SenderTransaction["out_msgs"] = new JsonArray();
        deposits.Outside.AddRow(built.Row);
        deposits.Outside.Add(built.SenderTransaction);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        Assert.Equal("failed", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
        Assert.Equal(0, await deposits.ScalarAsync<long>("SELECT count(*) FROM public.enqueued"));
    }

    [Fact]
    public async Task Less_than_the_minimum_is_shown_but_makes_no_event()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.AddTransfer(499_999);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        Assert.Equal("below_minimum", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
        Assert.Equal(0, await deposits.ScalarAsync<long>("SELECT count(*) FROM public.enqueued"));
    }

    [Fact]
    public async Task Dust_does_not_keep_a_real_deposit_waiting()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        for (var index = 0; index < 200; index++)
        {
            deposits.Outside.AddTransfer(1_000);
        }

        deposits.Outside.AddTransfer(25_000_000);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Fact]
    public async Task The_minimum_itself_is_credited()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.AddTransfer(500_000);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Fact]
    public async Task The_amount_that_counts_is_the_receipts_not_the_indexs()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var (boasting, modest) = (deposits.Outside.Build(1_000_000), deposits.Outside.Build(2_000_000));
        boasting.Row["amount"] = "900000000";
        modest.Row["amount"] = "1";
        deposits.Outside.Show(boasting, modest);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        var confirmed = await deposits.PublishedAsync<DepositConfirmed>(2);
        Assert.Equal([9_234L, 18_468L], confirmed.Select(deposit => deposit.GrossMinor.Value).Order());
        Assert.Equal(2, await deposits.EnqueuedAsync<DepositDetected>()); // The modest one too, once it is known to be enough.
    }

    [Fact]
    public async Task A_receipt_that_contradicts_itself_credits_nothing()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var (swapped, stranger) = (deposits.Outside.Build(25_000_000), deposits.Outside.Build(26_000_000));
        var rich = deposits.Outside.Build(900_000_000);
        swapped.ReceiverTransaction["in_msg"]!["message_content"]!["body"] =
            (string)rich.ReceiverTransaction["in_msg"]!["message_content"]!["body"]!;
        stranger.ReceiverTransaction["in_msg"]!["source"] = Samples.Sender;
        deposits.Outside.Show(swapped, stranger);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        Assert.All(await deposits.DepositsAsync(), deposit => Assert.Equal("pending", deposit.GetProperty("status").GetString()));
        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Fact]
    public async Task Without_a_valid_rate_a_deposit_waits_and_goes_on_when_there_is_one()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.AddTransfer(25_000_000);
        deposits.Outside.NextBlock();
        deposits.Outside.RateAge = TimeSpan.FromSeconds(90);

        await deposits.RoundAsync();
        Assert.Equal("pending", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());
        deposits.Outside.RateAge = TimeSpan.Zero;
        await using var later = deposits.StartReplica(); // Its own memory of quotes is empty.
        await deposits.ExecuteAsync("UPDATE deposits.watcher SET leased_until = clock_timestamp() - interval '1 second'");
        await later.RoundAsync();

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    private static void Refuse(JsonObject transaction, bool bounces)
    {
        transaction["description"]!["aborted"] = true;
        transaction["description"]!["compute_ph"]!["success"] = false;
        var back = (JsonObject)transaction["out_msgs"]![1]!.DeepClone();
        back["bounced"] = true;
        transaction["out_msgs"] = bounces ? new JsonArray(back) : new JsonArray();
    }
}
