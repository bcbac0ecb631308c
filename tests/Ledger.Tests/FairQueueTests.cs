using ArdorQr.Ledger.Database;
using CsCheck;

namespace ArdorQr.Ledger.Tests;

public sealed class FairQueueTests
{
    private static readonly Guid[] Merchants = [.. Enumerable.Range(1, 4).Select(number => new Guid(number, 0, 0, new byte[8]))];

    private readonly FairQueue<(int Merchant, int Number)> _queue = new();

    [Fact]
    public void A_take_goes_by_turns_and_keeps_each_merchants_order() =>
        Gen.Select(Gen.Int[0, 3].Array[0, 100], Gen.Int[1, 20]).Sample((order, limit) =>
        {
            var queue = new FairQueue<(int Merchant, int Number)>();
            for (var index = 0; index < order.Length; index++)
            {
                Assert.True(queue.TryAdd(Merchants[order[index]], (order[index], index)));
            }

            var left = order.CountBy(merchant => merchant).ToDictionary();
            var all = new List<(int Merchant, int Number)>();
            while (all.Count < order.Length)
            {
                var batch = new List<(int Merchant, int Number)>();
                queue.Take(batch, limit);
                Assert.Equal(Math.Min(limit, order.Length - all.Count), batch.Count);

                // Nobody is served twice more than one who still waits for more.
                var served = left.ToDictionary(pair => pair.Key, pair => batch.Count(item => item.Merchant == pair.Key));
                foreach (var (merchant, count) in served)
                {
                    left[merchant] -= count;
                    Assert.True(left[merchant] == 0 || served.Values.Max() <= count + 1);
                }

                all.AddRange(batch);
            }

            Assert.All(all.GroupBy(item => item.Merchant), line =>
                Assert.Equal(line.Select(item => item.Number).Order(), line.Select(item => item.Number)));
        });

    [Fact]
    public void A_single_item_is_in_the_next_batch_whoever_waits_with_thousands()
    {
        Fill(merchant: 0, FairQueue<int>.MaxQueuedPerMerchant);
        Fill(merchant: 1, 1);

        var batch = new List<(int Merchant, int Number)>();
        _queue.Take(batch, 10);

        Assert.Equal(1, batch.FindIndex(item => item.Merchant == 1));
    }

    [Fact]
    public void Whoever_fills_the_queue_leaves_room_for_one_who_has_nothing_in_it()
    {
        var heavy = Enumerable.Range(0, 20).Select(_ => Ids.New()).ToList();
        while (heavy.ConvertAll(merchant => _queue.TryAdd(merchant, default)).Contains(true))
        {
            // Until all are refused.
        }

        Assert.True(_queue.TryAdd(Ids.New(), default));
        var items = new List<(int Merchant, int Number)>();
        _queue.Take(items, int.MaxValue);
        Assert.InRange(items.Count, FairQueue<int>.MaxQueued * 9 / 10, FairQueue<int>.MaxQueued);
    }

    [Fact]
    public void The_queue_never_holds_more_than_its_limit_however_many_come()
    {
        var taken = Enumerable.Range(0, FairQueue<int>.MaxQueued + 100).Count(_ => _queue.TryAdd(Ids.New(), default));

        Assert.Equal(FairQueue<int>.MaxQueued, taken);
    }

    [Fact]
    public async Task It_wakes_its_taker_and_gives_out_what_it_has_after_it_was_closed()
    {
        var arrival = _queue.WaitAsync();
        Assert.False(arrival.IsCompleted);
        Fill(merchant: 0, 2);
        Assert.True(await arrival);

        _queue.Close();

        Assert.False(_queue.TryAdd(Merchants[0], default));
        Assert.True(await _queue.WaitAsync());
        _queue.Take([], int.MaxValue);
        Assert.False(await _queue.WaitAsync());
    }

    [Fact]
    public async Task Closing_wakes_a_taker_that_waits()
    {
        var arrival = _queue.WaitAsync();

        _queue.Close();

        Assert.False(await arrival);
    }

    private void Fill(int merchant, int count)
    {
        for (var number = 0; number < count; number++)
        {
            Assert.True(_queue.TryAdd(Merchants[merchant], (merchant, number)));
        }
    }
}
