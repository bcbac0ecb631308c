using System.Net;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Domain;
using ArdorQr.Ton;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Deposits.Tests;

/// <summary>What was received and isn't credited at once: limits, a second source, screening, and an operator's word.</summary>
public sealed class HoldTests
{
    private const string Test = "Deposits:Worlds:Test";

    [Fact]
    public void Within_both_limits_nothing_is_held_and_above_either_all_is() =>
        Gen.Select(Gen.Long[0, 2_000], Gen.Long[0, 2_000], Gen.Long[1, 1_000], Gen.Long[1, 1_000]).Sample((amount, before, deposit, hour) =>
        {
            var reason = Hold.ByLimit(
                Usdt.FromMicros(amount), Usdt.FromMicros(before), new(Usdt.FromMicros(deposit), Usdt.FromMicros(hour)));

            Assert.Equal(amount <= deposit && before + amount <= hour, reason is null);
        });

    [Fact]
    public void The_largest_amounts_do_not_overflow_the_hour() =>
        Assert.Equal(Hold.HourLimit, Hold.ByLimit(
            Usdt.FromMicros(long.MaxValue), Usdt.FromMicros(long.MaxValue), CreditLimits.None with { Hour = Usdt.FromMicros(long.MaxValue - 1) }));

    [Fact]
    public async Task Above_the_limit_of_a_deposit_an_operators_word_credits_it()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync(settings => settings[$"{Test}:MaxCreditUsdt"] = "100");
        deposits.Outside.AddTransfer(100_000_001);
        deposits.Outside.AddTransfer(100_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        await deposits.RoundAsync();

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
        Assert.All(await deposits.DepositsAsync(), deposit => Assert.Equal("pending", deposit.GetProperty("status").GetString()));
        var held = Assert.Single(await HeldAsync(deposits));
        Assert.Equal(("deposit_limit", 100.000001m), (held.GetProperty("holdReason").GetString(), held.GetProperty("amount").GetDecimal()));

        Assert.Equal(HttpStatusCode.OK, await DecideAsync(deposits, held, "credit"));
        Assert.Equal(HttpStatusCode.OK, await DecideAsync(deposits, held, "credit")); // Said twice.
        await deposits.RoundAsync();

        Assert.Equal((2L, 2L), (await deposits.EnqueuedAsync<DepositConfirmed>(), await deposits.EnqueuedAsync<DepositDetected>()));
        Assert.Empty(await HeldAsync(deposits));
        Assert.Equal(HttpStatusCode.Conflict, await DecideAsync(deposits, held, "refuse")); // Too late.
    }

    [Fact]
    public async Task A_refused_deposit_fails_and_is_not_credited_unless_the_word_is_taken_back()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync(settings => settings[$"{Test}:MaxCreditUsdt"] = "1");
        deposits.Outside.AddTransfer(25_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        var held = Assert.Single(await HeldAsync(deposits));

        Assert.Equal(HttpStatusCode.OK, await DecideAsync(deposits, held, "refuse"));
        await deposits.RoundAsync();
        await deposits.RoundAsync();

        Assert.Equal("failed", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
        Assert.Equal("refused", Assert.Single(await deposits.PublishedAsync<DepositFailed>(1)).Reason);
        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());

        Assert.Equal(HttpStatusCode.OK, await DecideAsync(deposits, held, "credit"));
        await deposits.RoundAsync();
        Assert.Equal((1L, 1L), (await deposits.EnqueuedAsync<DepositConfirmed>(), await deposits.EnqueuedAsync<DepositFailed>()));
    }

    [Fact]
    public async Task What_is_above_the_limit_of_an_hour_waits_for_the_next()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync(settings => settings[$"{Test}:MaxCreditPerHourUsdt"] = "100");
        deposits.Outside.AddTransfer(60_000_000);
        deposits.Outside.AddTransfer(60_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        await deposits.RoundAsync();
        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
        Assert.Equal("hour_limit", Assert.Single(await HeldAsync(deposits)).GetProperty("holdReason").GetString());

        await deposits.ExecuteAsync("UPDATE deposits.deposit SET confirmed_at = confirmed_at - interval '61 minutes' WHERE confirmed_at IS NOT NULL");
        await deposits.RoundAsync();

        Assert.Equal(2, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_index_that_shows_the_same_receipt_stands_for_the_operator(bool shows)
    {
        await using var second = new SecondIndex();
        await using var deposits = await DepositsHost.StartWithMerchantAsync(
            settings =>
            {
                settings[$"{Test}:MaxCreditUsdt"] = "1";
                settings[$"{Test}:SecondChainUrl"] = OutsideWorld.ChainUrl.Replace("chain.example", "second.example", StringComparison.Ordinal);
            },
            services: services => services.AddHttpClient(ToncenterChain.SecondClientName(Mode.Test))
                .ConfigurePrimaryHttpMessageHandler(() => second.World));
        var built = deposits.Outside.AddTransfer(25_000_000);
        (second.World.Seqno, second.World.EndLt) = (deposits.Outside.Seqno, deposits.Outside.EndLt);
        second.World.NextBlock();
        if (shows)
        {
            second.World.Show(built);
        }

        deposits.Outside.NextBlock();
        await deposits.RoundAsync();

        Assert.Equal(shows ? 1 : 0, await deposits.EnqueuedAsync<DepositConfirmed>());
        Assert.Contains(second.World.Requests, request => request.PathAndQuery.Contains("transactions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_credited_from_a_listed_source_and_the_list_can_change()
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"blocked-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}.txt");
        await File.WriteAllTextAsync(file, $"# stolen\n{Samples.SenderFriendly}   # one of them\n\n", DepositsHost.Token);
        await using var deposits = await DepositsHost.StartWithMerchantAsync(settings => settings[$"{Test}:BlockedSourcesFile"] = file);
        deposits.Outside.AddTransfer(25_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();

        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());
        Assert.Equal("screening", Assert.Single(await HeldAsync(deposits)).GetProperty("holdReason").GetString());

        await File.WriteAllTextAsync(file, "", DepositsHost.Token);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        await deposits.RoundAsync();
        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
        File.Delete(file);
    }

    [Fact]
    public void A_list_with_a_line_that_is_no_address_is_refused_by_its_line()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, $"{Samples.Owner}\nnobody\n");

        Assert.Contains("line 2", Assert.Throws<FormatException>(() => ListedSources.Read(file)).Message, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task A_screen_that_fails_is_no_permission()
    {
        var screen = new FailingScreen();
        await using var deposits = await DepositsHost.StartWithMerchantAsync(
            services: services => services.AddSingleton<ISourceScreen>(screen));
        deposits.Outside.AddTransfer(25_000_000);
        deposits.Outside.NextBlock();
        await deposits.RoundAsync();
        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());

        screen.Works = true;
        await deposits.RoundAsync();
        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Theory]
    [InlineData("""{"decision":"perhaps","reason":"x"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"decision":"credit","reason":""}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"decision":"credit"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"decision":"credit","reason":"x"}""", HttpStatusCode.NotFound)]
    public async Task A_wrong_word_is_refused(string json, HttpStatusCode expected)
    {
        await using var deposits = await DepositsHost.StartAsync();
        using var client = deposits.Factory.ClientOfService("gateway", "deposits:operate");

        Assert.Equal(expected, (await DepositsHost.SendAsync(
            client, HttpMethod.Post, "/internal/deposits/01900000-0000-7000-8000-000000000009/decide", json)).Status);
    }

    private static async Task<List<JsonElement>> HeldAsync(DepositsHost deposits)
    {
        using var client = deposits.Factory.ClientOfService("gateway", "deposits:operate");
        var (status, body) = await DepositsHost.SendAsync(client, HttpMethod.Get, "/internal/deposits");
        Assert.Equal(HttpStatusCode.OK, status);
        return [.. body.GetProperty("deposits").EnumerateArray()];
    }

    private static async Task<HttpStatusCode> DecideAsync(DepositsHost deposits, JsonElement held, string decision)
    {
        using var client = deposits.Factory.ClientOfService("gateway", "deposits:operate");
        return (await DepositsHost.SendAsync(
            client, HttpMethod.Post, $"/internal/deposits/{held.GetProperty("id").GetGuid()}/decide",
            $$"""{"decision":"{{decision}}","reason":"looked into it","operator":"anna"}""")).Status;
    }

    private sealed class SecondIndex : IAsyncDisposable
    {
        public OutsideWorld World { get; } = new();

        public ValueTask DisposeAsync()
        {
            World.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class FailingScreen : ISourceScreen
    {
        public bool Works { get; set; }

        public Task<bool> IsWelcomeAsync(World world, TonAddress? source, CancellationToken cancellationToken) =>
            Works ? Task.FromResult(true) : throw new IOException("The screen is away.");
    }
}
