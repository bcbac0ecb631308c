using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Testing;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ArdorQr.Gateway.Tests;

/// <summary>What reaches the operators without their asking.</summary>
public sealed class NoticeTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disabled_endpoint_is_noticed_once_and_listed_newest_first()
    {
        var merchant = NewId();
        var older = Disabled(merchant, "failing");
        var newer = Disabled(merchant, "gone") with { CreatedAt = older.CreatedAt.AddHours(1), Mode = Mode.Live };
        await PublishAsync(older, older, newer, Disabled(NewId(), "gone"));

        var notices = await ListAsync($"?merchantId={merchant}");

        Assert.Equal(
            [(newer.EventId, "live", "gone"), (older.EventId, "test", "failing")],
            notices.Select(notice => (
                notice.GetProperty("id").GetGuid(), notice.GetProperty("mode").GetString()!,
                notice.GetProperty("reason").GetString()!)));
        Assert.Equal(
            ["id", "kind", "merchantId", "mode", "reason", "at"],
            notices[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal("webhook_endpoint_disabled", notices[0].GetProperty("kind").GetString());
        var page = await ListAsync($"?merchantId={merchant}&limit=1&before={notices[0].GetProperty("at")}");
        Assert.Equal(older.EventId, Assert.Single(page).GetProperty("id").GetGuid());
        Assert.Contains(await ListAsync("?limit=100"), notice => notice.GetProperty("id").GetGuid() == newer.EventId);
    }

    [Fact]
    public async Task Notices_of_half_a_year_ago_are_forgotten_when_the_next_one_comes()
    {
        var merchant = NewId();
        await PublishAsync(Disabled(merchant, "gone"));
        await using (var connection = new NpgsqlConnection(fixture.Database.OwnerConnectionString))
        {
            await connection.OpenAsync(Cancellation);
            await using var command = new NpgsqlCommand(
                "UPDATE gateway.notice SET kept_at = kept_at - interval '181 days' WHERE merchant_id = $1", connection)
            {
                Parameters = { new() { Value = merchant } },
            };
            Assert.Equal(1, await command.ExecuteNonQueryAsync(Cancellation));
        }

        var next = Disabled(merchant, "failing");
        await PublishAsync(next);

        Assert.Equal(next.EventId, Assert.Single(await ListAsync($"?merchantId={merchant}")).GetProperty("id").GetGuid());
    }

    [Theory]
    [InlineData("?merchantId=me")]
    [InlineData("?limit=0")]
    [InlineData("?before=yesterday")]
    public async Task A_query_that_cannot_be_read_is_refused(string query)
    {
        using var response = await fixture.Gateway.Operator.GetAsync($"/operator/notices{query}", Cancellation);

        await response.AssertErrorAsync(400, "validation_failed", Cancellation);
    }

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private static WebhookEndpointDisabled Disabled(Guid merchant, string reason) => new()
    {
        EventId = NewId(),
        CreatedAt = new DateTimeOffset(2026, 6, 19, 12, 0, 0, TimeSpan.Zero),
        MerchantId = merchant,
        Mode = Mode.Test,
        Reason = reason,
    };

    private async Task<IReadOnlyList<JsonElement>> ListAsync(string query)
    {
        using var response = await fixture.Gateway.Operator.GetAsync($"/operator/notices{query}", Cancellation);
        return [.. (await response.JsonAsync(Cancellation)).GetProperty("notices").EnumerateArray()];
    }

    private async Task PublishAsync(params WebhookEndpointDisabled[] messages)
    {
        var harness = fixture.Gateway.Services.GetRequiredService<ITestHarness>();
        foreach (var message in messages)
        {
            await harness.PublishConsumedAsync(message, NewId(), Cancellation);
        }
    }
}
