using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using CsCheck;

namespace ArdorQr.Ledger.Tests;

/// <summary>The auditor's rules: they accept whatever was posted, and nothing that differs from it in a single fact.</summary>
public sealed class AuditRulesTests
{
    private static readonly Guid Other = new(99, 0, 0, new byte[8]);

    [Fact]
    public void Whatever_was_posted_passes() =>
        PostingTests.Requests.Sample(requests => Assert.Empty(FaultsOf(Posting.Post(PostingTests.Empty(), requests))));

    [Fact]
    public void A_single_changed_removed_or_doubled_entry_is_found() =>
        Gen.Select(PostingTests.Requests, Gen.Int[0, 1_000], Gen.Int[0, 9]).Sample((requests, which, change) =>
        {
            var postings = Posting.Post(PostingTests.Empty(), requests);
            if (postings.Entries.Count == 0)
            {
                return;
            }

            var entries = postings.Entries.ToList();
            var index = which % entries.Count;
            Change(entries, index, change);

            Assert.NotEmpty(FaultsOf(postings with { Entries = entries }));
        });

    [Fact]
    public void A_single_changed_transfer_is_found() =>
        Gen.Select(PostingTests.Requests, Gen.Int[0, 1_000], Gen.Int[0, 6]).Sample((requests, which, change) =>
        {
            var postings = Posting.Post(PostingTests.Empty(), requests);
            var posted = postings.Transfers.Where(transfer => transfer.Status == TransferStatus.Posted).ToList();
            if (posted.Count == 0)
            {
                return;
            }

            var transfer = posted[which % posted.Count];
            var changed = change switch
            {
                0 => transfer with { TotalKopecks = transfer.TotalKopecks + new Kopecks(-1), AmountKopecks = transfer.AmountKopecks + new Kopecks(-1) },
                1 => transfer with { Status = TransferStatus.Refused },
                2 => transfer with { MerchantId = Other },
                3 => transfer with { Mode = transfer.Mode == Mode.Live ? Mode.Test : Mode.Live },
                4 => transfer with { CreatedAt = transfer.CreatedAt.AddMicroseconds(1) },
                5 when transfer.DebitId is null => transfer with { Description = transfer.Description + " " },
                _ when transfer.DebitId is not null => transfer with { DebitId = Other },
                _ => transfer with { SourceId = Other },
            };

            Assert.NotEmpty(FaultsOf(postings with
            {
                Transfers = [.. postings.Transfers.Select(row => row == transfer ? changed : row)],
            }));
        });

    [Fact]
    public void Sums_tell_what_the_clearing_accounts_must_hold() =>
        PostingTests.Requests.Sample(requests =>
        {
            var postings = Posting.Post(PostingTests.Empty(), requests);
            var sums = new AuditSums();
            foreach (var transfer in postings.Transfers)
            {
                sums.Add(transfer, [.. postings.Entries.Where(entry => entry.TransferId == transfer.TransferId)]);
            }

            foreach (var mode in Mode.All)
            {
                Int128 Of(string name) => sums.All.GetValueOrDefault((mode, name));
                Assert.Equal(Of(AuditSums.OpenDebits), Of("payment_clearing"));
                Assert.Equal(-Of(AuditSums.Deposits), Of("deposit_clearing"));
                Assert.Equal(Int128.Zero, Of(AuditSums.Wallets)
                    + Enum.GetValues<HouseAccount>().Select(Codes.Of).Aggregate(Int128.Zero, (sum, name) => sum + Of(name)));
            }
        });

    [Theory]
    [InlineData(100, null)]
    [InlineData(101, HouseAccount.DepositClearing)]
    [InlineData(206, HouseAccount.Adjustments)]
    [InlineData(207, null)]
    [InlineData(1000, null)]
    [InlineData(long.MaxValue, null)]
    [InlineData(long.MinValue, null)]
    public void A_house_account_is_known_by_its_id(long id, object? account) =>
        Assert.Equal((HouseAccount?)account, HouseAccounts.TryFind(id)?.Account);

    private static void Change(List<Entry> entries, int index, int change)
    {
        var entry = entries[index];
        switch (change)
        {
            case 0:
                entries.RemoveAt(index);
                break;
            case 1:
                entries.Add(entry);
                break;
            case 2:
                entries[index] = entry with { AccountId = 205 };
                break;
            case 3:
                entries[index] = entry with { CreatedAt = entry.CreatedAt.AddMicroseconds(-1) };
                break;
            case 4 when entry.Sequence is not null:
                entries[index] = entry with { BalanceAfter = entry.BalanceAfter + new Kopecks(entry.Amount.Value > 0 ? -1 : 1) };
                break;
            case 5 when entry.Sequence is not null:
                entries[index] = entry with { PreviousHash = entry.Hash };
                break;
            case 6 when entry.Sequence is not null:
                entries[index] = entry with { Hash = entry.PreviousHash };
                break;
            case 7 when entry.Sequence is not null:
                entries[index] = entry with { OperationId = Other };
                break;
            case 8 when entry.Sequence is not null:
                entries[index] = entry with { Sequence = entry.Sequence + 1 };
                break;
            default:
                entries[index] = entry with { Amount = entry.Amount + new Kopecks(entry.Amount.Value > 0 ? -1 : 1) };
                break;
        }
    }

    /// <summary>All that the rules say of books that hold these rows and nothing else.</summary>
    private static List<string> FaultsOf(Postings postings)
    {
        var wallets = PostingTests.Empty().Wallets.ToDictionary(wallet => wallet.Key, wallet => wallet.Value.AccountId);
        var transfers = postings.Transfers.ToDictionary(transfer => transfer.TransferId);
        var entries = postings.Entries.ToLookup(entry => entry.TransferId);
        var faults = postings.Transfers.Select(transfer => TransferAudit.FaultOf(
            transfer, transfer.DebitId is { } debitId ? transfers.GetValueOrDefault(debitId) : null,
            wallets.TryGetValue(transfer.Wallet, out var wallet) ? wallet : null, [.. entries[transfer.TransferId]])).ToList();
        foreach (var chain in postings.Entries.Where(entry => entry.Sequence is not null).GroupBy(entry => entry.AccountId))
        {
            var walk = new ChainAudit(WalletState.Opened(chain.Key));
            faults.AddRange(chain.OrderBy(entry => entry.Sequence)
                .Select(entry => walk.Next(entry, transfers.GetValueOrDefault(entry.TransferId))));
            faults.Add(walk.Head == postings.Wallets.SingleOrDefault(state => state.AccountId == chain.Key) ? null : "the wallet differs");
        }

        return [.. faults.OfType<string>()];
    }
}
