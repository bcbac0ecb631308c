using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Tests.Fakes;
using Npgsql;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>The history of a payment as merchants read it.</summary>
public sealed class TimelineTests
{
    [Fact]
    public async Task A_timeline_tells_every_state_and_every_turn_with_the_rail()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("processing", null);
        payments.Rail.Answer = (method, _) => method == HttpMethod.Put ? FakeRail.Json("{}", System.Net.HttpStatusCode.BadGateway) : null;
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.TurnAsync(id);
        payments.Rail.Set(id, "completed");
        await payments.TurnAsync(id);

        var timeline = (await payments.GetAsync(id))["timeline"]!.AsArray();

        Assert.Equal(
            ["resolved", "confirming", "1 submit unknown: status 502", "2 ask processing", "3 ask completed", "completed"],
            timeline.Select(Told));
        var times = timeline.Select(entry => entry!["at"]!.GetValue<DateTimeOffset>()).ToList();
        Assert.Equal(times.Order(), times);
        Assert.DoesNotContain("rail-token", timeline.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_events_payment_is_what_a_get_shows_timeline_included()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        var completed = await payments.Events.PublishedAsync<PaymentCompleted>(Token);

        var shown = await payments.GetAsync(id);

        Assert.True(JsonNode.DeepEquals(shown, JsonNode.Parse(JsonSerializer.Serialize(completed.Payment))), shown.ToJsonString());
    }

    [Fact]
    public async Task A_broken_connection_is_told_in_the_contracts_words()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, _) => method == HttpMethod.Put;
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);

        var last = (await payments.GetAsync(id))["timeline"]!.AsArray()[^1];

        Assert.Equal("1 submit unknown: the connection failed", Told(last));
    }

    [Fact]
    public async Task A_turn_with_two_calls_tells_of_both()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, _) => method == HttpMethod.Put;
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        payments.Rail.Lose = null;
        await payments.TurnAsync(id);

        var timeline = (await payments.GetAsync(id))["timeline"]!.AsArray();

        Assert.Equal(
            ["resolved", "confirming", "1 submit unknown: the connection failed", "2 ask not seen", "2 submit completed", "completed"],
            timeline.Select(Told));
    }

    [Fact]
    public async Task The_service_itself_cannot_rewrite_a_timeline()
    {
        await using var payments = await StartAsync();
        await payments.CreateAsync();

        await Assert.ThrowsAsync<PostgresException>(() => payments.ExecuteSqlAsync("DELETE FROM payments.timeline", null));
        await Assert.ThrowsAsync<PostgresException>(() => payments.ExecuteSqlAsync("UPDATE payments.timeline SET at = now()", null));
    }

    private static string Told(JsonNode? entry) => entry!["type"]!.GetValue<string>() == "state"
        ? entry["state"]!.GetValue<string>()
        : $"{entry["turn"]} {entry["action"]} {entry["answer"]}";
}
