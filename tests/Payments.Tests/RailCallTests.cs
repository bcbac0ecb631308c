using System.IO.Pipelines;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>What the rail is told, how often it is asked, and what is done when it hangs.</summary>
public sealed class RailCallTests
{
    [Fact]
    public async Task A_rail_of_the_wrong_world_is_told_nothing()
    {
        await using var payments = await StartAsync(before: harness => harness.Rail.Environment = "production");

        using var response = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic });

        Assert.Equal("rail_unavailable", await CodeOfAsync(response, 503));
        Assert.Empty(payments.Rail.Calls);
    }

    [Fact]
    public async Task The_rail_gets_the_canonical_code_the_payee_and_the_cut_off()
    {
        await using var payments = await StartAsync();

        var id = await payments.ConfirmedAsync(new { qr = "  bank100000000111://qr.nspk.ru/AD10002028TVASRF4039SI1MG44GASKE?type=02&bank=100000000111&sum=125000&cur=RUB&crc=CF57 " });
        await payments.TurnAsync(id);
        var sent = payments.Rail.LastSubmission!;

        Assert.Equal(Codes.Dynamic, sent["qr"]!.GetValue<string>());
        Assert.Equal("dynamic", sent["kind"]!.GetValue<string>());
        Assert.Equal("ООО Ромашка", sent["payee"]!["name"]!.GetValue<string>());
        Assert.Equal(125000, sent["amountMinor"]!.GetValue<long>());
        Assert.Equal("RUB", sent["currency"]!.GetValue<string>());
        Assert.True(sent["notAfter"]!.GetValue<DateTimeOffset>() > TimeProvider.System.GetUtcNow().AddMinutes(14));
        Assert.Contains($"PUT /rail/v1/transfers/{id}", payments.Rail.Calls);
    }

    [Fact]
    public async Task A_rail_that_hangs_in_the_middle_of_an_answer_gave_none()
    {
        await using var payments = await StartAsync(new() { ["Payments:Rails:Test:TimeoutSeconds"] = "1" });
        var id = await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 7 });
        var rail = payments.Services.GetRequiredService<Clients.Rails>().Of(Contracts.Mode.Test)!;
        payments.Rail.Answer = (_, path) => path.Contains($"{id}", StringComparison.Ordinal)
            ? new HttpResponseMessage { Content = new StreamContent(new Pipe().Reader.AsStream()) } // Nobody ever writes to it.
            : null;

        var answer = await rail.AskAsync(id, Token).WaitAsync(TimeSpan.FromSeconds(30), Token);

        Assert.Equal("unknown: no answer in time", answer.Summary);
    }

    [Fact]
    public async Task A_rail_that_hangs_is_left_alone_for_a_while_and_its_resolves_go_on()
    {
        var never = new TaskCompletionSource();
        await using var payments = await StartAsync(new()
        {
            ["Payments:Rails:Test:TimeoutSeconds"] = "1",
            ["Payments:Rails:Test:BreakSeconds"] = "60",
        });
        var id = await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 7 });
        payments.Rail.Before = body => body is null || body.ContainsKey("payee") ? never.Task : Task.CompletedTask; // All but resolve.
        var rail = payments.Services.GetRequiredService<Clients.Rails>().Of(Contracts.Mode.Test)!;

        var answers = await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => rail.AskAsync(id, Token)));
        var called = payments.Rail.CountOf("GET");
        var open = await rail.AskAsync(id, Token);
        var resolved = await rail.ResolveAsync(Codes.Dynamic, Token);

        Assert.All(answers, answer => Assert.Equal("unknown: no answer in time", answer.Summary));
        Assert.Equal("unknown: not asked: the rail has failed too often", open.Summary);
        Assert.Equal(called, payments.Rail.CountOf("GET"));
        Assert.IsType<Clients.ResolveAnswer.Payable>(resolved);
    }

    [Fact]
    public async Task Resolves_that_hang_are_503_in_time_and_then_at_once()
    {
        var never = new TaskCompletionSource();
        await using var payments = await StartAsync(new()
        {
            ["Payments:Rails:Test:TimeoutSeconds"] = "1",
            ["Payments:Rails:Test:BreakSeconds"] = "60",
        });
        await payments.CreateAsync(); // The environment is known.
        payments.Rail.Before = _ => never.Task;

        var answers = await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic })));
        var called = payments.Rail.CountOf("POST");
        using var open = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic });

        foreach (var answer in answers)
        {
            Assert.Equal("rail_unavailable", await CodeOfAsync(answer, 503));
            answer.Dispose();
        }

        Assert.Equal("rail_unavailable", await CodeOfAsync(open, 503));
        Assert.Equal(called, payments.Rail.CountOf("POST"));
    }

    [Fact]
    public async Task The_rail_is_asked_by_the_schedule_of_the_contract()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();
        var waits = new List<double>();

        for (var turn = 0; turn < 8; turn++)
        {
            await payments.TurnAsync(id);
            waits.Add(await payments.ScalarAsync<double>(
                "SELECT extract(epoch FROM due_at - leased_until)::float8 FROM payments.submission WHERE payment_id = @id", new { id }));
        }

        Assert.Equal([1, 2, 5, 15, 30, 60, 60, 60], waits.Select(wait => Math.Round(wait)));
    }
}
