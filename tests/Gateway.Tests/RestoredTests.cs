using System.Net.Http.Json;
using ArdorQr.Gateway.Features.Recovery;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ArdorQr.Gateway.Tests;

/// <summary>A gateway over a database that was restored from a backup.</summary>
public sealed class RestoredTests(GatewayFixture fixture)
{
    private const int Jump = 1_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Numbers_jump_once_before_anybody_is_registered_and_registration_goes_on_after_the_end()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, Cancellation);
        var before = await RegisteredAsync(database, fixture.Settings);
        var settings = RestoredNow();

        var during = await RegisteredAsync(database, settings, ended: true);
        var after = await RegisteredAsync(database, settings);

        Assert.True(during > before + Jump, $"{before} → {during}");
        Assert.Equal(during + 1, after);
    }

    [Fact]
    public async Task A_second_restore_before_the_first_ones_jump_gives_none_of_the_numbers_given_after_it()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, Cancellation);
        var before = await RegisteredAsync(database, fixture.Settings);
        var first = await RegisteredAsync(database, RestoredNow(), ended: true);

        // The database is again as it was before the jump, which it knows nothing of.
        await TakeBackAsync(database, before);
        await Eventually.TrueAsync(async () => await SecondOfNumbersAsync(database) > first, Cancellation);
        var second = await RegisteredAsync(database, RestoredNow());

        Assert.True(second > first, $"{before} → {first}, then {before} → {second}");
    }

    [Fact]
    public async Task The_least_first_number_can_be_told_and_is_shown()
    {
        const int least = 2_000_000_000;
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, Cancellation);
        var settings = RestoredNow().Append(new("Recovery:FirstNumber", $"{least}")).DistinctByLast();

        Assert.Equal(least, await RegisteredAsync(database, settings));

        await using var gateway = TestGateway.Start(database, settings);
        Assert.Equal(least, await gateway.Services.GetRequiredService<JumpNumbers>().FirstAsync(Cancellation));
    }

    private Dictionary<string, string?> RestoredNow() =>
        fixture.Settings.Concat(new Dictionary<string, string?>
        {
            ["Recovery:Since"] = TimeProvider.System.GetUtcNow().AddSeconds(-1).ToString("O"),
            ["Recovery:SettleMinutes"] = "0",
            ["Recovery:NumberJump"] = $"{Jump}",
        }).DistinctByLast();

    /// <summary>As a restore does: the sequence, the merchants and what is known of the recovery.</summary>
    private static async Task TakeBackAsync(TestDatabase database, long number)
    {
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync(Cancellation);
        await connection.ExecuteAsync(
            """
            SELECT setval('gateway.merchant_number', @number);
            UPDATE gateway.merchant SET number = @number + 1 WHERE number > @number;
            DELETE FROM gateway.number_jump;
            DELETE FROM recovery.episode;
            """, new { number }, Cancellation);
    }

    /// <summary>The number that the clock tells.</summary>
    private static async Task<long> SecondOfNumbersAsync(TestDatabase database)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(Cancellation);
        return await connection.QuerySingleAsync<long>(
            "SELECT floor(extract(epoch FROM clock_timestamp() - timestamptz '2026-01-01 00:00:00+00'))::bigint",
            null, Cancellation);
    }

    /// <summary>The number of a merchant whom a gateway of these settings registers.</summary>
    private static async Task<long> RegisteredAsync(
        TestDatabase database, IReadOnlyDictionary<string, string?> settings, bool ended = false)
    {
        await using var gateway = TestGateway.Start(database, settings);
        Guid id = default;
        await Eventually.TrueAsync(async () => await TryRegisterAsync(gateway) is { } merchant && (id = merchant) != default, Cancellation);
        if (ended)
        {
            var recovery = gateway.Services.GetRequiredService<RecoveryState>();
            await Eventually.TrueAsync(
                async () => (await recovery.ReadAsync(Cancellation)).Episode is { MatchedAt: not null, WaitsFor: null }, Cancellation);
            Assert.NotNull((await recovery.EndAsync("anna", "matched", Cancellation)).Episode?.EndedAt);
        }

        await using var connection = await database.DataSource.OpenConnectionAsync(Cancellation);
        return await connection.QuerySingleAsync<long>("SELECT number FROM gateway.merchant WHERE id = @id", new { id }, Cancellation);
    }

    private static async Task<Guid?> TryRegisterAsync(TestGateway gateway)
    {
        using var response = await gateway.Operator.PostAsJsonAsync("/operator/merchants", new { name = "ООО «Ромашка»" }, Cancellation);
        return response.IsSuccessStatusCode ? (await response.JsonAsync(Cancellation)).GetProperty("id").GetGuid() : null;
    }
}
