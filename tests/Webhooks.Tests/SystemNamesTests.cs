using System.Collections.Concurrent;
using System.Net;
using ArdorQr.Webhooks.Clients;

namespace ArdorQr.Webhooks.Tests;

/// <summary>How names of receivers are looked up.</summary>
public sealed class SystemNamesTests
{
    private static readonly IPAddress Found = IPAddress.Parse("8.8.8.8");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("example.ru", "example.ru.")] // The search domains of this machine's network are left out.
    [InlineData("example.ru.", "example.ru.")]
    [InlineData("localhost", "localhost")]
    [InlineData("77.88.8.8", null)]
    [InlineData("2a02:6b8::1", null)]
    public async Task A_name_is_looked_up_as_it_is_and_an_address_not_at_all(string host, string? asked)
    {
        var names = new ConcurrentQueue<string>();
        using var resolver = new SystemNames(name =>
        {
            names.Enqueue(name);
            return [Found];
        });

        var addresses = await resolver.ResolveAsync(host, Token);

        Assert.Equal(asked is null ? [] : [asked], names);
        Assert.Equal(asked is null ? IPAddress.Parse(host) : Found, Assert.Single(addresses));
    }

    [Fact]
    public async Task However_many_name_servers_are_silent_another_name_is_found()
    {
        const int silent = 100;
        using var asked = new CountdownEvent(silent);
        using var release = new ManualResetEventSlim();
        using var resolver = new SystemNames(name =>
        {
            if (name.StartsWith("silent", StringComparison.Ordinal))
            {
                asked.Signal();
                release.Wait(Token);
            }

            return [Found];
        });

        var waiting = Enumerable.Range(0, silent).Select(number =>
            resolver.ResolveAsync($"silent{number}.example", Token)).ToList();
        Assert.True(asked.Wait(Patience, Token));
        Assert.Equal([Found], await resolver.ResolveAsync("good.example", Token).WaitAsync(Patience, Token));
        Assert.DoesNotContain(waiting, task => task.IsCompleted);

        release.Set();
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task Whoever_asks_meanwhile_shares_the_look_up_and_may_stop_waiting_and_the_next_one_is_fresh()
    {
        var lookUps = 0;
        using var release = new ManualResetEventSlim();
        using var resolver = new SystemNames(_ =>
        {
            Interlocked.Increment(ref lookUps);
            release.Wait(Token);
            return [Found];
        });
        using var impatient = new CancellationTokenSource();

        var (first, second) = (resolver.ResolveAsync("a.example", impatient.Token),
            resolver.ResolveAsync("a.example", Token));
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        release.Set();

        Assert.Equal([Found], await second);
        Assert.Equal(1, lookUps);
        await resolver.ResolveAsync("a.example", Token);
        Assert.Equal(2, lookUps);
    }
}
