using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;

namespace ArdorQr.Deposits.Tests;

/// <summary>What the watch asks for, and how far it has come.</summary>
public sealed class CursorTests
{
    [Fact]
    public async Task A_row_that_shows_up_late_below_the_cursor_is_found()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var late = deposits.Outside.Build(25_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        Assert.Equal(deposits.Outside.EndLt, await deposits.CursorAsync());

        deposits.Outside.Show(late);
        await deposits.RoundAsync();

        Assert.Equal(late.TxHash, Assert.Single(await deposits.DepositsAsync()).GetProperty("txHash").GetString());
    }

    [Fact]
    public async Task The_cursor_never_goes_back_and_never_past_the_newest_block()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        await deposits.RoundAsync();
        var before = await deposits.CursorAsync();
        deposits.Outside.EndLt -= 5_000_000;

        await deposits.RoundAsync();

        Assert.Equal((Samples.EndLt, before), (before, await deposits.CursorAsync()));
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
}
