using System.Globalization;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Clients;

namespace ArdorQr.Deposits.Tests;

/// <summary>More rows than anybody would send in good faith.</summary>
public sealed class FloodTests
{
    private const int DustRows = 10_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ten_thousand_dust_rows_do_not_keep_one_real_deposit_waiting(bool scans)
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync(settings =>
        {
            settings["Deposits:Worlds:Test:ScanMasterAboveMerchants"] = scans ? "0" : "300";
            settings["Deposits:Worlds:Test:ChainRequestsPerSecond"] = "1000";
        });
        await deposits.RoundAsync(); // The cursor is below all of them.
        deposits.Outside.NextBlock();
        AddDust(deposits.Outside);
        deposits.Outside.NextBlock();
        var real = deposits.Outside.AddTransfer(25_000_000); // Behind all of them.
        deposits.Outside.NextBlock();

        var (asked, rounds) = (deposits.Outside.Requests.Count, 0);
        while (await deposits.EnqueuedAsync<DepositConfirmed>() == 0 && ++rounds <= 3)
        {
            await deposits.RoundAsync();
        }

        Assert.Equal(real.TxHash, await deposits.ScalarAsync<string>("SELECT tx_hash FROM deposits.deposit WHERE confirmed_at IS NOT NULL"));
        Assert.InRange(rounds, 1, 3);
        Assert.Equal(1, await deposits.EnqueuedAsync<DepositDetected>());
        Assert.Equal(DustRows + 1, await deposits.ScalarAsync<long>("SELECT count(*) FROM deposits.deposit"));
        // Their rows take pages; that they wait takes next to nothing.
        Assert.InRange(deposits.Outside.Requests.Count - asked, 1, (DustRows / ITonChain.PageSize) + (rounds * 25));

        asked = deposits.Outside.Requests.Count;
        await deposits.RoundAsync();
        Assert.InRange(deposits.Outside.Requests.Count - asked, 1, 20);
    }

    [Fact]
    public async Task A_crowded_overlap_is_walked_through_and_what_is_late_in_it_is_found()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync(
            settings => settings["Deposits:Worlds:Test:ChainRequestsPerSecond"] = "1000");
        await deposits.RoundAsync();
        AddDust(deposits.Outside, ITonChain.PageSize * 3);
        var late = deposits.Outside.Build(25_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        Assert.Equal(deposits.Outside.EndLt, await deposits.CursorAsync());

        deposits.Outside.Show(late);
        for (var round = 0; round < 5; round++)
        {
            await deposits.RoundAsync();
        }

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositDetected>());
    }

    /// <summary>Rows only: nobody comes to looking for their transactions.</summary>
    private static void AddDust(OutsideWorld outside, int rows = DustRows)
    {
        var sample = outside.Build(1_000).Row;
        var lt = long.Parse((string)sample["transaction_lt"]!, CultureInfo.InvariantCulture);
        for (var index = 0; index < rows; index++)
        {
            var row = (System.Text.Json.Nodes.JsonObject)sample.DeepClone();
            row["transaction_hash"] = Convert.ToBase64String(
                System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(index)));
            row["transaction_lt"] = (lt + (index / 100)).ToString(CultureInfo.InvariantCulture);
            outside.AddRow(row);
        }
    }
}
