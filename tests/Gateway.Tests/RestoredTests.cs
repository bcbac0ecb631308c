using System.Net.Http.Json;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;

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
        var settings = fixture.Settings.Concat(new Dictionary<string, string?>
        {
            ["Recovery:Since"] = TimeProvider.System.GetUtcNow().AddSeconds(-1).ToString("O"),
            ["Recovery:SettleMinutes"] = "0",
            ["Recovery:NumberJump"] = $"{Jump}",
        }).DistinctByLast();

        var during = await RegisteredAsync(database, settings, ended: true);
        var after = await RegisteredAsync(database, settings);

        Assert.True(during > before + Jump, $"{before} → {during}");
        Assert.Equal(during + 1, after);
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
