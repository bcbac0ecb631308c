using System.Net;
using System.Text.Json.Nodes;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Clients;

namespace ArdorQr.Deposits.Tests;

/// <summary>An index that fails, hides what it had shown, or is asked for too much.</summary>
public sealed class IndexFaultTests
{
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
    public async Task A_deposit_that_a_fresh_index_never_shows_has_failed_until_a_receipt_shows_up_after_all()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var built = deposits.Outside.Build(25_000_000);
        deposits.Outside.AddRow(built.Row);
        await deposits.RoundAsync();
        await deposits.ExecuteAsync("UPDATE deposits.deposit SET absent_since = absent_since - interval '31 minutes'");

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
        var before = await deposits.CursorAsync();
        deposits.Outside.NextBlock();
        deposits.Outside.FailOnce(status, retryAfterSeconds: 3);

        var failure = await Assert.ThrowsAsync<ChainUnavailableException>(deposits.RoundAsync);

        Assert.Equal(TimeSpan.FromSeconds(3), failure.RetryAfter);
        Assert.Equal(before, await deposits.CursorAsync());
        Assert.True(await deposits.RoundAsync());
    }

    [Fact]
    public async Task A_running_service_goes_on_after_failures_of_the_index()
    {
        await using var running = await DepositsHost.StartWithMerchantAsync(watches: true);
        running.Outside.FailOnce(HttpStatusCode.BadGateway);
        running.Outside.FailOnce(HttpStatusCode.TooManyRequests);

        running.Outside.AddSampleRow();

        await running.PublishedAsync<DepositDetected>(1);
    }
}
