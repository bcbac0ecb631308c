using System.Diagnostics;
using ArdorQr.ServiceDefaults.Database;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>Units of work share commits, and nothing else: what one of them does to itself the others don't feel.</summary>
public sealed class GroupCommitTests : IAsyncLifetime
{
    private const string Unit = "test.unit";
    private const int Before = GroupCommit.MaxGroups;

    private readonly Counter _sent = new();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TestService _service = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private GroupCommit Commits => _service.Services.GetRequiredService<GroupCommit>();

    public async ValueTask InitializeAsync() => _service = await OutboxProbe.StartCountingAsync(_sent);

    public async ValueTask DisposeAsync() => await _service.DisposeAsync();

    [Fact]
    public async Task Units_that_come_during_a_commit_share_the_next_one()
    {
        var first = HoldBack();
        var others = Enumerable.Range(1, 10).Select(number => CommitAsync(number)).ToArray();
        _first.SetResult();

        Assert.Equal(Enumerable.Range(1, 10), await Task.WhenAll(others));
        await first;
        Assert.Equal(Before + 10, await RowsAsync());
        Assert.Equal(Before + 1, await TransactionsAsync());
    }

    [Fact]
    public async Task A_group_has_a_limit()
    {
        var first = HoldBack();
        var others = Enumerable.Range(1, 40).Select(number => CommitAsync(number)).ToArray();
        _first.SetResult();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(Before + 40, await RowsAsync());
        Assert.Equal(Before + 3, await TransactionsAsync()); // 16, 16 and 8.
    }

    [Fact]
    public async Task A_unit_that_throws_takes_no_other_along()
    {
        var first = HoldBack();
        var before = CommitAsync(1);
        var bad = CommitAsync(2, (_, _) => throw new InvalidOperationException("planted"));
        var duplicate = CommitAsync(3, (transaction, token) => transaction.ExecuteAsync("SELECT 1 / 0", null, token));
        var after = CommitAsync(4);
        _first.SetResult();

        await Task.WhenAll([first, before, after]);
        Assert.Equal("planted", (await Assert.ThrowsAsync<InvalidOperationException>(() => bad)).Message);
        Assert.Equal(
            PostgresErrorCodes.DivisionByZero, (await Assert.ThrowsAsync<PostgresException>(() => duplicate)).SqlState);
        Assert.Equal(Before + 2, await RowsAsync());
    }

    [Fact]
    public async Task When_most_of_a_group_fails_the_rest_is_still_committed()
    {
        var first = HoldBack();
        var units = Enumerable.Range(1, 15).Select(number => CommitAsync(number, (_, _) =>
            number % 3 == 0 ? Task.CompletedTask : throw new InvalidOperationException("planted"))).ToArray();
        _first.SetResult();
        await first;

        foreach (var (number, unit) in units.Index())
        {
            if ((number + 1) % 3 == 0)
            {
                Assert.Equal(number + 1, await unit);
            }
            else
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => unit);
            }
        }

        Assert.Equal(Before + 5, await RowsAsync());
    }

    [Fact]
    public async Task A_unit_may_be_rolled_back_and_still_has_a_result()
    {
        var first = HoldBack();
        var kept = CommitAsync(1);
        var left = Commits.RunAsync(default, async (transaction, token) =>
        {
            await transaction.TryAcceptAsync(Unit, Id(2), token);
            transaction.Enqueue(OutboxProbe.Suspended());
            return new UnitEnd<int>(2, Commits: false);
        }, Token);
        _first.SetResult();

        Assert.Equal(1, await kept);
        Assert.Equal(2, await left);
        await first;
        Assert.Equal(Before + 1, await RowsAsync());
        Assert.Equal(0, await OutboxProbe.RowsAsync(_service));
    }

    [Fact]
    public async Task What_the_server_refuses_at_the_commit_takes_no_other_along()
    {
        await using (var owner = new NpgsqlConnection(_service.TestDatabase.OwnerConnectionString))
        {
            await owner.OpenAsync(Token);
            await owner.ExecuteAsync(
                """
                CREATE FUNCTION messaging.refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = 'check_violation'; END $$;
                CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON messaging.inbox DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW WHEN (NEW.consumer = 'test.refused') EXECUTE FUNCTION messaging.refuse();
                """, null, Token);
        }

        var first = HoldBack();
        var kept = CommitAsync(1);
        var refused = CommitAsync(2, (transaction, token) => transaction.TryAcceptAsync("test.refused", Id(2), token));
        _first.SetResult();

        await Task.WhenAll([first, kept]);
        await Assert.ThrowsAsync<PostgresException>(() => refused);
        Assert.Equal(Before + 1, await RowsAsync());
    }

    [Fact]
    public async Task A_connection_that_is_cut_under_a_group_loses_no_unit()
    {
        var first = HoldBack();
        var before = CommitAsync(1);
        var runs = 0;
        var cut = CommitAsync(2, async (transaction, token) =>
        {
            if (Interlocked.Increment(ref runs) == 1)
            {
                await CutAsync(transaction, token);
                await transaction.ExecuteAsync("SELECT 1", null, token);
            }
        });
        var after = CommitAsync(3);
        _first.SetResult();

        await first;
        var all = await Task.WhenAll(new[] { before, cut, after }.Select(OutcomeAsync));
        Assert.Equal(Before + all.Count(isCommitted => isCommitted), await RowsAsync()); // Each caller knows what became of its own.
        Assert.Equal(5, await CommitAsync(5)); // And the next has a connection again.
    }

    [Fact]
    public async Task Units_run_in_the_order_of_what_they_lock_whenever_they_came()
    {
        var first = HoldBack();
        var ran = new List<int>();
        var units = new[] { 3, 1, 2, 4 }.Select(number => CommitAsync(number, (_, _) =>
        {
            ran.Add(number);
            return Task.CompletedTask;
        })).ToArray();
        _first.SetResult();
        await Task.WhenAll([first, .. units]);

        Assert.Equal([1, 2, 3, 4], ran);
    }

    [Fact]
    public async Task A_caller_who_leaves_before_its_unit_begins_takes_it_back()
    {
        using var leaves = new CancellationTokenSource();
        var first = HoldBack();
        var left = Commits.RunAsync(default, async (transaction, token) =>
        {
            await transaction.TryAcceptAsync(Unit, Id(1), token);
            return new UnitEnd<int>(1, Commits: true);
        }, leaves.Token);
        var kept = CommitAsync(2);
        await leaves.CancelAsync();
        _first.SetResult();

        await Task.WhenAll([first, kept]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.Equal(Before + 1, await RowsAsync());
    }

    [Fact]
    public async Task Each_event_of_a_group_is_sent_once_and_belongs_to_its_callers_trace()
    {
        var first = HoldBack();
        var events = Enumerable.Range(1, 5).Select(_ => OutboxProbe.Suspended()).ToArray();
        var traces = new List<(string? Expected, string? Seen)>();
        var units = events.Select(message =>
        {
            using var activity = new Activity("caller").Start();
            var expected = activity.Id;
            return CommitAsync(0, (transaction, _) =>
            {
                traces.Add((expected, Activity.Current?.Id));
                transaction.Enqueue(message);
                return Task.CompletedTask;
            });
        }).ToArray();
        _first.SetResult();
        await Task.WhenAll([first, .. units]);

        Assert.Equal(5, traces.Count);
        Assert.All(traces, trace => Assert.Equal(trace.Expected, trace.Seen));
        await OutboxProbe.EventuallyAsync(() => Task.FromResult(events.All(message => _sent.Of(message.EventId) > 0)));
        Assert.All(events, message => Assert.Equal(1, _sent.Of(message.EventId)));
    }

    [Fact]
    public async Task A_unit_of_its_own_waits_for_no_group()
    {
        var first = HoldBack();

        var alone = await Commits.RunAloneAsync(async (transaction, token) =>
        {
            await transaction.TryAcceptAsync(Unit, Id(1), token);
            return new UnitEnd<int>(1, Commits: true);
        }, Token);

        Assert.Equal(1, alone);
        Assert.Equal(1, await RowsAsync()); // What is held back isn't committed yet.
        _first.SetResult();
        await first;
    }

    /// <summary>Units that hold everything up until the test lets them go: what comes meanwhile waits together.</summary>
    private Task<int[]> HoldBack() =>
        Task.WhenAll(Enumerable.Range(0, Before).Select(_ => CommitAsync(0, (_, _) => _first.Task)));

    private Task<int> CommitAsync(int number, Func<ServiceTransaction, CancellationToken, Task>? also = null) =>
        Commits.RunAsync(Id(number), async (transaction, token) =>
        {
            await transaction.TryAcceptAsync(Unit, Id(number), token);
            await (also?.Invoke(transaction, token) ?? Task.CompletedTask);
            return new UnitEnd<int>(number, Commits: true);
        }, Token);

    private async Task CutAsync(ServiceTransaction transaction, CancellationToken cancellationToken)
    {
        var backend = await transaction.QuerySingleAsync<int>("SELECT pg_backend_pid()", null, cancellationToken);
        await using var owner = new NpgsqlConnection(_service.TestDatabase.OwnerConnectionString);
        await owner.OpenAsync(cancellationToken);
        await owner.ExecuteAsync("SELECT pg_terminate_backend(@backend)", new { backend }, cancellationToken);
    }

    private static async Task<bool> OutcomeAsync(Task<int> unit)
    {
        try
        {
            await unit;
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>A new id each time but for numbers above 0.</summary>
    private static Guid Id(int number) =>
        number == 0 ? Guid.CreateVersion7(TimeProvider.System.GetUtcNow()) : new Guid(number, 0, 0, new byte[8]);

    private Task<int> RowsAsync() => CountAsync("count(*)");

    private Task<int> TransactionsAsync() => CountAsync("count(DISTINCT xmin::text)");

    private async Task<int> CountAsync(string what)
    {
        await using var connection = await _service.Database.OpenAsync(Token);
        return await connection.QuerySingleAsync<int>(
            $"SELECT ({what})::int FROM messaging.inbox WHERE consumer = @Unit", new { Unit }, Token);
    }
}
