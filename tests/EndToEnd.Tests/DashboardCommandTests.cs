using System.Text.Json;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>The gateway's buttons in the dashboard, each pressed once.</summary>
[Collection(OneSystem.Name)]
public sealed class DashboardCommandTests(RunningSystem system)
{
    private const string Queue = "webhooks.payment-completed";
    private const long StaysInProcessing = 10_014;
    private const int ReviewLimitSeconds = 120;
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

    [Fact]
    public async Task A_payment_in_review_is_settled_by_its_button()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        await merchant.TopUpAsync(10m, Token);
        var balance = await merchant.BalanceAsync(Token);
        var id = await merchant.PayAsync("dynamic", StaysInProcessing, Token);
        await Eventually.TrueAsync(
            async () => (await PressAsync("review-payments")).GetProperty("payments").EnumerateArray()
                .Any(payment => payment.GetProperty("id").GetString() == id),
            Token, ReviewLimitSeconds);

        var settled = await PressAsync("settle-payment", ("paymentId", id), ("outcome", "failed"), ("reason", "Проверка"));
        Assert.Equal(id, settled.GetProperty("id").GetString());
        await merchant.PaymentEventAsync("payment.failed", id, Token);
        Assert.Equal(balance, await merchant.BalanceAsync(Token));
    }

    [Fact]
    public async Task A_dead_letter_is_sent_again_by_its_button()
    {
        await system.RestoreAsync(Token);
        var known = (await LettersAsync()).Select(letter => letter.Id).ToList();
        await system.SendUnreadableAsync(Queue, Token);
        var letter = await NewLetterAsync(known);
        await PressAsync("replay-dead-letter", ("deadLetterId", letter), ("reason", "Проверка"));
        await NewLetterAsync([.. known, letter]); // Its consumer got it once more, and could read it no better.

        Assert.NotNull((await LettersAsync()).Single(kept => kept.Id == letter).ReplayedAt);
    }

    private async Task<string> NewLetterAsync(IReadOnlyList<string> known)
    {
        string? found = null;
        await Eventually.TrueAsync(
            async () => (found = (await LettersAsync()).Select(letter => letter.Id).Except(known).FirstOrDefault()) is not null, Token);
        return found!;
    }

    private async Task<List<(string Id, string? ReplayedAt)>> LettersAsync() =>
        [.. (await PressAsync("dead-letters")).GetProperty("deadLetters").EnumerateArray()
            .Where(letter => letter.GetProperty("queue").GetString() == Queue)
            .Select(letter => (letter.GetProperty("id").GetString()!, letter.GetProperty("replayedAt").GetString()))];

    private async Task<JsonElement> PressAsync(string command, params (string, string)[] form)
    {
        var (succeeded, answer) = await system.PressAsync("gateway", command, Token, form);
        Assert.True(succeeded, $"{command}: {answer}");
        return JsonSerializer.Deserialize<JsonElement>(answer);
    }
}
