using System.Text.Json;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>The gateway's buttons in the dashboard, each pressed once.</summary>
[Collection(OneSystem.Name)]
public sealed class DashboardCommandTests(RunningSystem system)
{
    private const string Nobody = "01990000-0000-7000-8000-000000000001";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_button_does_what_it_says()
    {
        await system.RestoreAsync(Token);
        var merchant = await PressAsync("register-merchant", ("name", "ООО «Кнопка»"));
        var id = merchant.GetProperty("id").GetString()!;
        var key = merchant.GetProperty("keys").GetProperty("test").GetProperty("secret").GetString()!;
        Assert.Equal("suspended", (await PressAsync("suspend-merchant", ("merchantId", id), ("reason", "Проверка"))).GetProperty("status").GetString());
        Assert.Equal("active", (await PressAsync("resume-merchant", ("merchantId", id), ("reason", "Проверено"))).GetProperty("status").GetString());
        var operation = await PressAsync("adjust-balance", ("merchantId", id), ("mode", "test"), ("amountMinor", "500"), ("reason", "Сверка"));
        Assert.Equal((500, 500), (operation.GetProperty("amountMinor").GetInt64(), operation.GetProperty("balanceAfterMinor").GetInt64()));
        Assert.Equal(1.5m, (await PressAsync("test-deposit", ("amount", "1.5"), ("testKey", key))).GetProperty("amount").GetDecimal());
        Assert.True((await PressAsync("reconcile")).GetProperty("checks").GetArrayLength() >= 4);
        Assert.Equal(JsonValueKind.Array, (await PressAsync("review-payments")).GetProperty("payments").ValueKind);
        Assert.Equal(JsonValueKind.Array, (await PressAsync("dead-letters")).GetProperty("deadLetters").ValueKind);
        foreach (var (command, form) in new (string, (string, string)[])[]
        {
            ("settle-payment", [("paymentId", Nobody), ("outcome", "failed"), ("reason", "Нет")]),
            ("replay-dead-letter", [("deadLetterId", Nobody), ("reason", "Нет")]),
            ("suspend-merchant", [("merchantId", "nonsense"), ("reason", "Нет")]),
        })
        {
            var (succeeded, answer) = await system.PressAsync("gateway", command, Token, form);
            Assert.False(succeeded, $"{command}: {answer}");
        }
    }

    private async Task<JsonElement> PressAsync(string command, params (string, string)[] form)
    {
        var (succeeded, answer) = await system.PressAsync("gateway", command, Token, form);
        Assert.True(succeeded, $"{command}: {answer}");
        return JsonSerializer.Deserialize<JsonElement>(answer);
    }
}
