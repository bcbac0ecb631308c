using System.Text.Json.Nodes;
using ArdorQr.Testing;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Every row of the published test-mode table, by the real Sandbox and with all jobs running.</summary>
public sealed class TestModeTests
{
    private const long Base = 1_250_00;
    private const int SlowRowSeconds = 10;

    private static readonly Dictionary<int, (int Status, string Code)> AtResolve = new()
    {
        [4] = (409, "qr_already_paid"),
        [5] = (409, "qr_expired"),
        [6] = (422, "qr_not_found"),
        [9] = (422, "qr_tampered"),
        [15] = (503, "rail_unavailable"),
        [16] = (409, "qr_cancelled"),
    };

    // "refunding" is what Payments reaches by itself: Ledger, which returns the money, isn't here.
    private static readonly Dictionary<int, string> AtExecution = new()
    {
        [0] = "completed",
        [1] = "refunding payee_rejected",
        [2] = "refunding payee_account_invalid",
        [3] = "refunding compliance_declined",
        [7] = "completed",
        [8] = "refunding not_executed",
        [10] = "completed",
        [11] = "completed",
        [12] = "completed",
        [13] = "completed",
        [14] = "confirming in review",
        [17] = "refunding payee_bank_unavailable",
        [18] = "refunding limit_exceeded",
        [19] = "refunding rail_rejected",
        [20] = "refunding qr_expired",
        [21] = "refunding qr_already_paid",
        [22] = "completed",
        [99] = "completed",
    };

    [Fact]
    public async Task Every_row_has_its_outcome()
    {
        var (world, payments) = await SandboxWorld.StartAsync(new()
        {
            ["Payments:Rails:Test:TimeoutSeconds"] = "1",
            ["Payments:CutOffSeconds"] = "12", // Row 11 is accepted at the fourth try, after 8 s.,
            ["Payments:ReviewSeconds"] = "13",
        });
        await using var both = payments;
        await using var and = world;
        var ids = new Dictionary<int, Guid>();
        foreach (var ending in AtExecution.Keys)
        {
            var kind = ending % 2 == 0 ? "dynamic" : "st00012"; // Kinds make no difference.
            ids[ending] = await payments.ConfirmedAsync(new { qr = await world.FreshQrAsync(kind, Base + ending) });
        }

        foreach (var (ending, (status, code)) in AtResolve)
        {
            using var response = await payments.PostAsync("/v1/payments", new { qr = await world.FreshQrAsync("dynamic", Base + ending) });
            Assert.Equal(code, await CodeOfAsync(response, status));
        }

        await AssertOutcomesAsync(payments, ids);
        await AssertWaysAsync(payments, ids);
    }

    private static async Task AssertOutcomesAsync(PaymentsHarness payments, Dictionary<int, Guid> ids)
    {
        var found = new Dictionary<int, string>();
        try
        {
            await Eventually.TrueAsync(async () =>
            {
                foreach (var (ending, id) in ids)
                {
                    found[ending] = await OutcomeAsync(payments, id);
                }

                return AtExecution.All(row => found[row.Key] == row.Value);
            }, Token, limitSeconds: 90);
        }
        catch (TimeoutException)
        {
            Assert.Equal( // Names the rows.
                AtExecution.Select(row => $"{row.Key}: {row.Value}"), found.Select(row => $"{row.Key}: {row.Value}"));
        }
    }

    /// <summary>That an outcome was reached in the way that the table says.</summary>
    private static async Task AssertWaysAsync(PaymentsHarness payments, Dictionary<int, Guid> ids)
    {
        var timedOut = await TurnsAsync(payments, ids[7]);
        Assert.StartsWith("submit unknown: ", timedOut[0], StringComparison.Ordinal);
        Assert.Equal("ask completed", timedOut[1]);
        Assert.Equal(2, timedOut.Count);
        Assert.Equal("cancel cancelled", (await TurnsAsync(payments, ids[8]))[^1]);
        var unavailable = await TurnsAsync(payments, ids[11]);
        Assert.Equal(3, unavailable.Count(turn => turn == "submit unknown: status 503"));
        Assert.EndsWith(" completed", unavailable[^1], StringComparison.Ordinal);
        Assert.Equal(["submit unknown: garbled", "ask completed"], await TurnsAsync(payments, ids[12]));
        Assert.Equal(
            1, await payments.ScalarAsync<long>(
                "SELECT count(*) FROM payments.timeline WHERE payment_id = @id AND state = 'completed'", new { id = ids[13] }));
        Assert.True(await payments.ScalarAsync<double>(
            "SELECT extract(epoch FROM completed_at - confirmed_at)::float8 FROM payments.payment WHERE payment_id = @id",
            new { id = ids[10] }) >= SlowRowSeconds);
    }

    private static async Task<List<string>> TurnsAsync(PaymentsHarness payments, Guid id) =>
        [.. (await payments.GetAsync(id))["timeline"]!.AsArray()
            .Where(entry => entry!["type"]!.GetValue<string>() == "rail")
            .Select(entry => $"{Text(entry!, "action")} {Text(entry!, "answer")}")
            .Where(turn => turn is not ("submit accepted" or "ask accepted" or "ask processing"))];

    private static string Text(JsonNode entry, string name) => entry[name]!.GetValue<string>();

    private static Task<string> OutcomeAsync(PaymentsHarness payments, Guid id) => payments.ScalarAsync<string>(
        "SELECT state || CASE WHEN review THEN ' in review' ELSE '' END || coalesce(' ' || failure_reason, '') FROM payments.payment WHERE payment_id = @id",
        new { id });
}
