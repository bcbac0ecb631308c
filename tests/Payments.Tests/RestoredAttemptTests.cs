using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>
/// Attempts that were open in the restored state, while the rail's statement names transfers that no payment explains.
/// </summary>
public sealed class RestoredAttemptTests
{
    private const int Amount = 125_000;

    private static readonly Guid Lost = Guid.Parse("01a21002-f792-7f5f-a455-0aaba3904c9b");

    [Theory]
    [InlineData(Codes.Static, false)]
    [InlineData(Codes.Static, true)]
    [InlineData(null, false)] // A rail that doesn't say what was paid.
    public async Task An_open_attempt_on_a_code_that_another_transfer_holds_is_not_debited(string? qr, bool byMerchant)
    {
        await using var payments = await StartAsync();
        var id = await OpenAsync(payments, _ => throw new HttpRequestException("Ledger is away."), null);
        await StoreAsync(payments, Lost, "unknown here", qr);

        await (byMerchant ? Task.CompletedTask : payments.RecoverAsync());
        using var refused = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        Assert.Equal("payment_duplicate", await CodeOfAsync(refused, 409));
        Assert.Equal(0, payments.Ledger.PostedCount);
        Assert.Equal(["voided"], await StatusesAsync(payments, id));
        Assert.Equal(0, await payments.RecoverAsync());

        // Dealt with, the payment goes on within its time, by an attempt of its own.
        await CloseAsync(payments, Lost);
        await payments.ConfirmAsync(id);
        await payments.TurnAsync(id);
        Assert.Equal(["voided", "posted"], await StatusesAsync(payments, id));
        Assert.Equal((1, 1), (payments.Ledger.PostedCount, payments.Rail.CountOf("PUT")));
    }

    [Fact]
    public async Task A_late_attempt_on_a_held_code_is_voided_and_the_payment_expires()
    {
        await using var payments = await StartAsync();
        var id = await OpenAsync(payments, _ => throw new HttpRequestException("Ledger is away."), null);
        await StoreAsync(payments, Lost, "unknown here", Codes.Static);
        await payments.EndLifeAsync(id);

        await payments.RecoverAsync();

        Assert.Equal("expired", await payments.StatusOfAsync(id));
        Assert.Equal(0, payments.Ledger.PostedCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_debit_that_stands_at_ledger_already_is_given_back_and_never_submitted(bool byMerchant)
    {
        await using var payments = await StartAsync();
        var id = await OpenAsync(payments, null, _ => throw new HttpRequestException("The answer was lost."));
        await StoreAsync(payments, Lost, "unknown here", Codes.Static);

        await TakeUpAsync(payments, id, byMerchant);
        await payments.TurnAsync(id);
        var total = await payments.ScalarAsync<long>("SELECT total_kopecks FROM payments.payment");
        await payments.TellRefundedAsync(id, total);

        await Eventually.TrueAsync(async () => await payments.StatusOfAsync(id) == "failed", Token);
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(0, payments.Rail.CountOf("PUT"));
        Assert.Equal("not_executed", (await payments.GetAsync(id))["failureReason"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_rail_has_paid_is_debited_even_late_and_holds_no_other_payment_after(bool byMerchant)
    {
        await using var payments = await StartAsync();
        var id = await OpenAsync(payments, _ => throw new HttpRequestException("Ledger is away."), null);
        await payments.EndLifeAsync(id);
        await StoreAsync(payments, id, "never debited", qr: null);
        payments.Rail.Set(id, "completed");

        await TakeUpAsync(payments, id, byMerchant);
        await payments.TurnAsync(id);
        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Equal(1, payments.Ledger.PostedCount);

        // Off the operators' list, it is out of the way of others too: of the same sum, and of the same code.
        Assert.Empty(await ListedAsync(payments));
        await payments.ConfirmAsync(Id(await payments.CreateAsync(Body)));
    }

    [Fact]
    public async Task What_the_rail_has_paid_is_debited_though_another_transfer_holds_its_code()
    {
        await using var payments = await StartAsync();
        var id = await OpenAsync(payments, _ => throw new HttpRequestException("Ledger is away."), null);
        await StoreAsync(payments, id, "never debited", Codes.Static);
        await StoreAsync(payments, Lost, "unknown here", Codes.Static);
        payments.Rail.Set(id, "completed");

        await payments.RecoverAsync();
        await payments.TurnAsync(id);

        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal([Lost], await ListedAsync(payments));
    }

    private static object Body => new { qr = Codes.Static, amountMinor = Amount };

    /// <summary>A payment whose attempt was left open by what befalls the call to Ledger.</summary>
    private static async Task<Guid> OpenAsync(
        PaymentsHarness payments, Func<HttpRequestMessage, Task>? before, Func<HttpRequestMessage, Task>? after)
    {
        (payments.Ledger.Before, payments.Ledger.After) = (before, after);
        var id = Id(await payments.CreateAsync(Body));
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        Assert.Equal("service_unavailable", await CodeOfAsync(unknown, 503));
        (payments.Ledger.Before, payments.Ledger.After) = (null, null);
        return id;
    }

    private static Task TakeUpAsync(PaymentsHarness payments, Guid id, bool byMerchant) =>
        byMerchant ? payments.ConfirmAsync(id) : payments.RecoverAsync();

    private static async Task StoreAsync(PaymentsHarness payments, Guid transferId, string fault, string? qr)
    {
        var seals = payments.Services.GetRequiredService<PaymentSeals>();
        await using var connection = await payments.Database.OpenAsync(Token);
        await UnmatchedTransfers.StoreAsync(
            connection, seals, Mode.Test, "sandbox", [(transferId, "completed", fault, new Kopecks(Amount), qr)], Token);
    }

    private static async Task CloseAsync(PaymentsHarness payments, Guid transferId)
    {
        using var client = payments.ServiceClient("gateway", PaymentsRegistration.OperatorScope);
        using var closed = await payments.PostAsync(
            $"/internal/recovery/transfers/{transferId}/close", new { @operator = "anna", reason = "booked" },
            client: client);
        Assert.Equal(200, (int)closed.StatusCode);
    }

    private static async Task<IReadOnlyList<Guid>> ListedAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", PaymentsRegistration.OperatorScope);
        using var list = JsonDocument.Parse(
            await client.GetStringAsync(new Uri("/internal/recovery/transfers", UriKind.Relative), Token));
        var items = list.RootElement.GetProperty("transfers").EnumerateArray();
        return [.. items.Select(item => item.GetProperty("id").GetGuid())];
    }

    private static Task<string[]> StatusesAsync(PaymentsHarness payments, Guid id) => payments.ScalarAsync<string[]>(
        "SELECT array_agg(status ORDER BY created_at) FROM payments.attempt WHERE payment_id = @id", new { id });
}
