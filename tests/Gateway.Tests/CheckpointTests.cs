using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Testing;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Gateway.Tests;

public sealed class CheckpointTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_signed_checkpoint_is_kept_once_and_listed_newest_first()
    {
        var merchant = NewId();
        var older = Signed(merchant, 3);
        var newer = Signed(merchant, 9) with { CreatedAt = older.CreatedAt.AddHours(1) };
        await PublishAsync(older, older, newer, Signed(NewId(), 1));

        using var response = await fixture.Gateway.Operator.GetAsync(
            $"/operator/checkpoints?merchantId={merchant}&mode=test", Cancellation);
        var checkpoints = (await response.JsonAsync(Cancellation)).GetProperty("checkpoints").EnumerateArray().ToList();

        Assert.Equal([9L, 3L], checkpoints.Select(checkpoint => checkpoint.GetProperty("sequence").GetInt64()));
        Assert.Equal(
            ["merchantId", "mode", "sequence", "hash", "balanceMinor", "createdAt", "keyId", "publicKey", "signature", "keptAt"],
            checkpoints[0].EnumerateObject().Select(member => member.Name));
        using var page = await fixture.Gateway.Operator.GetAsync(
            $"/operator/checkpoints?merchantId={merchant}&mode=test&limit=1&before={checkpoints[0].GetProperty("createdAt")}", Cancellation);
        Assert.Equal(3, (await page.JsonAsync(Cancellation)).GetProperty("checkpoints")[0].GetProperty("sequence").GetInt64());
    }

    [Theory]
    [InlineData("?mode=test")]
    [InlineData("?merchantId=01990000-0000-7000-8000-000000000001")]
    [InlineData("?merchantId=01990000-0000-7000-8000-000000000001&mode=all")]
    [InlineData("?merchantId=01990000-0000-7000-8000-000000000001&mode=test&limit=0")]
    public async Task A_wallet_has_to_be_named(string query)
    {
        using var response = await fixture.Gateway.Operator.GetAsync($"/operator/checkpoints{query}", Cancellation);

        await response.AssertErrorAsync(400, "validation_failed", Cancellation);
    }

    [Theory]
    [InlineData("UPDATE gateway.checkpoint SET sequence = 2")]
    [InlineData("DELETE FROM gateway.checkpoint")]
    public async Task What_is_kept_can_neither_be_changed_nor_removed_by_the_service(string sql)
    {
        await using var connection = await fixture.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;

        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => command.ExecuteNonQueryAsync(Cancellation));

        Assert.Equal("42501", refused.SqlState);
    }

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private static CheckpointSigned Signed(Guid merchant, long sequence) => new()
    {
        EventId = NewId(),
        CreatedAt = new DateTimeOffset(2026, 6, 19, 12, 0, 0, TimeSpan.Zero),
        MerchantId = merchant,
        Mode = Mode.Test,
        Sequence = sequence,
        Hash = new string('a', 64),
        BalanceMinor = new(5),
        KeyId = "checkpoint-1",
        PublicKey = "cA==",
        Signature = "cw==",
    };

    private async Task PublishAsync(params CheckpointSigned[] messages)
    {
        var harness = fixture.Gateway.Services.GetRequiredService<ITestHarness>();
        foreach (var message in messages)
        {
            await harness.PublishConsumedAsync(message, NewId(), Cancellation);
        }
    }
}
