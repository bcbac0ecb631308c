using System.Collections.Concurrent;
using System.Text.Json;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Features.Recovery;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Deposits.Tests;

/// <summary>What is told again after a restore, and what is told anew.</summary>
public sealed class RestoredTests
{
    private static readonly Guid Operation = Guid.Parse("01900000-0000-7000-8000-00000000000a");

    [Fact]
    public async Task What_is_told_again_is_the_same_events_byte_by_byte()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        var told = new Told();
        using var watched = deposits.Harness.Bus.ConnectPublishObserver(told);
        await CreditedAsync(deposits);
        var now = TimeProvider.System.GetUtcNow();

        var again = new AnnounceAgain(deposits.Factory.Services.GetRequiredService<ServiceDatabase>());
        Assert.Null(await again.MatchAsync(
            new RecoveryEpisode { Since = now, BegunAt = now.AddMinutes(1) }, now.AddHours(-1), DepositsHost.Token));

        await Eventually.TrueAsync(
            () => Task.FromResult(told.Of<DepositDetected>().Count == 2 && told.Of<DepositCredited>().Count == 2),
            DepositsHost.Token);
        Assert.Single(told.Of<DepositDetected>().Distinct());
        Assert.Single(told.Of<DepositCredited>().Distinct());
    }

    [Theory]
    [InlineData("92.34", true)]
    [InlineData("92.35", false)]
    public async Task A_deposit_credited_anew_is_the_same_event_unless_it_is_worth_another_sum(string rate, bool isSame)
    {
        await using var lost = await DepositsHost.StartWithMerchantAsync();
        await using var restored = await DepositsHost.StartWithMerchantAsync();
        restored.Outside.Bid = decimal.Parse(rate, System.Globalization.CultureInfo.InvariantCulture);

        var (first, second) = (await CreditedAsync(lost), await CreditedAsync(restored));

        Assert.Equal(first.DepositId, second.DepositId);
        Assert.Equal(isSame, CreditOf(first) == CreditOf(second));
        Assert.Equal(isSame, first.EventId == second.EventId);
    }

    private static async Task<DepositCredited> CreditedAsync(DepositsHost deposits)
    {
        deposits.Outside.AddSampleTransactions();
        deposits.Outside.AddSampleRow();
        await deposits.RoundAsync();
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        var confirmed = Assert.Single(await deposits.PublishedAsync<DepositConfirmed>(1));
        Assert.Null(await deposits.PostAsync(confirmed, Operation));
        return Assert.Single(await deposits.PublishedAsync<DepositCredited>(1));
    }

    private static long CreditOf(DepositCredited credited) => credited.Deposit.GetProperty("creditedMinor").GetInt64();

    /// <summary>What has left; the harness's own list takes an event of the same id for the same.</summary>
    private sealed class Told : IPublishObserver
    {
        private readonly ConcurrentQueue<(Type Type, string Text)> _told = [];

        public IReadOnlyList<string> Of<TEvent>() =>
            [.. _told.Where(told => told.Type == typeof(TEvent)).Select(told => told.Text)];

        public Task PostPublish<T>(PublishContext<T> context)
            where T : class
        {
            _told.Enqueue((typeof(T), JsonSerializer.Serialize(context.Message)));
            return Task.CompletedTask;
        }

        public Task PrePublish<T>(PublishContext<T> context)
            where T : class => Task.CompletedTask;

        public Task PublishFault<T>(PublishContext<T> context, Exception exception)
            where T : class => Task.CompletedTask;
    }
}
