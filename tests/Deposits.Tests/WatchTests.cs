using System.Net;
using System.Text.Json.Nodes;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;

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
        Show(deposits, locked, outOfGas);

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
        Show(deposits, built);
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
    public async Task A_deposit_whose_transaction_the_index_fails_on_does_not_keep_others_waiting()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var (ill, well) = (deposits.Outside.AddTransfer(1_000_000), deposits.Outside.AddTransfer(25_000_000));
        deposits.Outside.NextBlock();
        deposits.Outside.FailAlways(ill.TxHash);

        await Assert.ThrowsAsync<ChainUnavailableException>(deposits.RoundAsync);
        // On a slow machine the ill one may be due again by then, and its round fails once more.
        await Record.ExceptionAsync(() => deposits.RoundAsync(makeDue: false));

        Assert.Equal(well.TxHash, await deposits.ScalarAsync<string>("SELECT tx_hash FROM deposits.deposit WHERE confirmed_at IS NOT NULL"));
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
        Show(deposits, boasting, modest);
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
        Show(deposits, swapped, stranger);
        deposits.Outside.NextBlock();

        await deposits.RoundAsync();

        Assert.All(await deposits.DepositsAsync(), deposit => Assert.Equal("pending", deposit.GetProperty("status").GetString()));
        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Fact]
    public async Task A_row_that_shows_up_late_below_the_cursor_is_found()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var late = deposits.Outside.Build(25_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        Assert.Equal(deposits.Outside.EndLt, await CursorAsync(deposits));

        Show(deposits, late);
        await deposits.RoundAsync();

        Assert.Equal(late.TxHash, Assert.Single(await deposits.DepositsAsync()).GetProperty("txHash").GetString());
    }

    [Fact]
    public async Task The_cursor_never_goes_back_and_never_past_the_newest_block()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        await deposits.RoundAsync();
        var before = await CursorAsync(deposits);
        deposits.Outside.EndLt -= 5_000_000;

        await deposits.RoundAsync();

        Assert.Equal((Samples.EndLt, before), (before, await CursorAsync(deposits)));
    }

    [Fact]
    public async Task More_transfers_than_a_page_are_all_found()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        const int count = ITonChain.PageSize + 3;
        for (var index = 0; index < count; index++)
        {
            deposits.Outside.AddRow(deposits.Outside.Build(1_000_000).Row);
        }

        await deposits.RoundAsync();

        Assert.Equal(count, await deposits.ScalarAsync<long>("SELECT count(*) FROM deposits.deposit"));
        Assert.Equal(count, await deposits.EnqueuedAsync<DepositDetected>());
    }

    [Fact]
    public async Task More_merchants_than_a_request_takes_are_all_watched()
    {
        await using var deposits = await DepositsHost.StartAsync();
        for (var number = 1L; number <= ITonChain.MaxOwners + 1; number++)
        {
            await deposits.RegisterAsync(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), number);
        }

        var owners = deposits.Database.Database;
        await using (var connection = await owners.OpenAsync(DepositsHost.Token))
        {
            foreach (var address in await Addresses.PageAsync(connection, Contracts.Mode.Test, "", 1_000, DepositsHost.Token))
            {
                deposits.Outside.AddTransfer(1_000_000, address.Owner);
            }
        }

        await deposits.RoundAsync();

        Assert.Equal(ITonChain.MaxOwners + 1, await deposits.ScalarAsync<long>("SELECT count(DISTINCT merchant_id) FROM deposits.deposit"));
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

    [Fact]
    public async Task A_deposit_that_a_fresh_index_never_shows_has_failed_until_a_receipt_shows_up_after_all()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var built = deposits.Outside.Build(25_000_000);
        deposits.Outside.AddRow(built.Row);
        await deposits.RoundAsync();
        await deposits.ExecuteAsync("UPDATE deposits.deposit SET created_at = created_at - interval '31 minutes'");

        await deposits.RoundAsync();
        Assert.Equal("failed", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
        await deposits.PublishedAsync<DepositFailed>(1);
        deposits.Outside.Add(built.SenderTransaction, built.ReceiverTransaction);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();

        var confirmed = (await deposits.PublishedAsync<DepositConfirmed>(1))[0];
        Assert.Null(await deposits.PostAsync(confirmed, Guid.CreateVersion7(TimeProvider.System.GetUtcNow())));
        Assert.Equal("credited", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
        Assert.Equal((1L, 1L), (await deposits.EnqueuedAsync<DepositFailed>(), await deposits.EnqueuedAsync<DepositDetected>()));
    }

    [Fact]
    public async Task Every_request_carries_the_key_and_asks_for_no_more_than_is_read()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();

        await deposits.RoundAsync();

        Assert.All(deposits.Outside.Requests, request => Assert.Equal("chain-key", request.ApiKey));
        var asked = Assert.Single(deposits.Outside.Requests, request => request.Body is not null).Body!;
        var sample = Samples.Read("runGetMethod.request");
        Assert.Equal((string)sample["stack"]![0]!["value"]!, (string)JsonNode.Parse(asked)!["stack"]![0]!["value"]!);
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.UnprocessableEntity)]
    public async Task A_failing_index_is_an_outage_not_an_empty_answer(HttpStatusCode status)
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        await deposits.RoundAsync();
        var before = await CursorAsync(deposits);
        deposits.Outside.NextBlock();
        deposits.Outside.FailOnce(status, retryAfterSeconds: 3);

        var failure = await Assert.ThrowsAsync<ChainUnavailableException>(deposits.RoundAsync);

        Assert.Equal(TimeSpan.FromSeconds(3), failure.RetryAfter);
        Assert.Equal(before, await CursorAsync(deposits));
        Assert.True(await deposits.RoundAsync());
    }

    [Fact]
    public async Task A_running_service_goes_on_after_failures_of_the_index()
    {
        await using var deposits = await DepositsHost.StartAsync(watches: false);
        deposits.Outside.FailOnce(HttpStatusCode.BadGateway);
        deposits.Outside.FailOnce(HttpStatusCode.TooManyRequests);
        await using var running = await DepositsHost.StartWithMerchantAsync(watches: true);
        running.Outside.FailOnce(HttpStatusCode.BadGateway);
        running.Outside.FailOnce(HttpStatusCode.TooManyRequests);

        running.Outside.AddSampleRow();

        await running.PublishedAsync<DepositDetected>(1);
    }

    internal static Task<long> CursorAsync(DepositsHost deposits) =>
        deposits.ScalarAsync<long>("SELECT cursor_lt FROM deposits.watcher WHERE mode = 'test'");

    private static void Show(DepositsHost deposits, params OutsideWorld.Built[] transfers)
    {
        foreach (var built in transfers)
        {
            deposits.Outside.AddRow(built.Row);
            deposits.Outside.Add(built.SenderTransaction, built.ReceiverTransaction);
        }
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
