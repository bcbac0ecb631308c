using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Features;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>
/// What Payments stores of payees and codes can be read with the key only, whoever wrote it and under whichever key.
/// </summary>
public sealed class SealingTests
{
    private const string Duplicate = "payment_duplicate";
    private static readonly Guid Lost = Guid.Parse("01890000-0000-7000-8000-00000000000a");
    private static readonly object Transfer = new { qr = Qr.QrTexts.BankTransfer("|Sum=100") };

    [Fact]
    public async Task Nothing_of_a_payee_or_a_code_stands_in_the_database_and_all_is_read_as_it_was()
    {
        await using var payments = await StartAsync();
        var made = await payments.CreateAsync(Transfer, key: "key");
        var sbp = await payments.CreateAsync(key: "other key");
        await StoreTransferAsync(payments, Codes.Static);
        var confirmed = await payments.ConfirmAsync(Id(made), "confirm");
        await payments.TurnAsync(Id(made));
        string[] needles =
        [
            made["merchantName"]!.GetValue<string>(), sbp["merchantName"]!.GetValue<string>(),
            "AD10002028TVASRF4039SI1MG44GASKE", "AS1A002LMLCIF2TVKLU8LV3J4JCL2TVM", "ST00012|",
        ];

        var stored = await DumpAsync(payments);

        foreach (var needle in needles)
        {
            Assert.DoesNotContain(needle, stored, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Hex(needle), stored, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Contains(Id(made).ToString(), stored, StringComparison.Ordinal); // It is the right place that was looked at.
        Assert.Equal(made["merchantName"]!.GetValue<string>(), (await payments.GetAsync(Id(made)))["merchantName"]!.GetValue<string>());
        Assert.Equal(confirmed.ToJsonString(), (await payments.ConfirmAsync(Id(made), "confirm")).ToJsonString());
        Assert.StartsWith("ST00012", payments.Rail.LastSubmission!["qr"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_debit_tells_Ledger_nothing_of_the_payee()
    {
        await using var payments = await StartAsync();
        var made = await payments.CreateAsync(Transfer);
        await payments.ConfirmAsync(Id(made));

        var texts = payments.Ledger.LastDebitRequest!.Select(field => field.Value!.ToString()).ToArray();

        Assert.Contains(Id(made).ToString(), texts);
        Assert.DoesNotContain(texts, text => text.Contains(made["merchantName"]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Contains("Оплата по QR", texts);
    }

    [Fact]
    public async Task What_an_older_release_wrote_is_read_and_sealed_in_the_background_and_nothing_else_changes()
    {
        const string facts = "SELECT string_agg(version || ' ' || changed_at || state, ',' ORDER BY payment_id) FROM payments.payment";
        await using var older = await StartAsync(new() { ["Payments:SealsRows"] = "false" });
        var made = await older.CreateAsync(key: "key");
        var confirmed = await older.ConfirmedAsync(Transfer);
        await StoreTransferAsync(older, Codes.Static);
        Assert.Contains("AD10002028TVASRF4039SI1MG44GASKE", await DumpAsync(older), StringComparison.Ordinal);
        var before = await older.ScalarAsync<string>(facts);
        Assert.Equal((0, 0), await SealAsync(older)); // It may not yet.

        await using var payments = await StartAsync(replicaOf: older);
        Assert.Equal(made["merchantName"]!.GetValue<string>(), (await payments.GetAsync(Id(made)))["merchantName"]!.GetValue<string>());
        Assert.Equal((4, 0), await SealAsync(payments)); // Two payments, an answer, a transfer.
        Assert.Equal((0, 0), await SealAsync(payments));

        var stored = await DumpAsync(payments);
        Assert.DoesNotContain("AD10002028TVASRF4039SI1MG44GASKE", stored, StringComparison.Ordinal);
        Assert.DoesNotContain("ST00012", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Hex(made["merchantName"]!.GetValue<string>()), stored, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, await payments.ScalarAsync<string>(facts));
        Assert.Equal(made.ToJsonString(), (await payments.CreateAsync(key: "key")).ToJsonString()); // The same bytes.
        await payments.TurnAsync(confirmed);
        Assert.Equal("completed", await payments.StatusOfAsync(confirmed));
        Assert.StartsWith("ST00012", payments.Rail.LastSubmission!["qr"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_single_use_code_is_held_across_rows_in_the_clear_and_sealed_ones(bool holderIsSealed)
    {
        await using var plain = await StartAsync(new() { ["Payments:SealsRows"] = "false" });
        await using var payments = await StartAsync(replicaOf: plain);
        var (holder, other) = holderIsSealed ? (payments, plain) : (plain, payments);
        var second = Id(await other.CreateAsync());
        await holder.ConfirmedAsync();

        using var preview = await other.PostAsync($"/v1/payments/{second}/preview", null);
        using var refused = await other.PostAsync($"/v1/payments/{second}/confirm", null);

        Assert.Contains(Duplicate, await preview.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(Duplicate, await CodeOfAsync(refused, 409));
        await SealAsync(payments);
        using var again = await payments.PostAsync($"/v1/payments/{second}/confirm", null);
        Assert.Equal(Duplicate, await CodeOfAsync(again, 409));
    }

    [Fact]
    public async Task Payments_move_to_a_new_key_and_the_old_key_can_go()
    {
        await using var before = await StartAsync();
        var made = await before.CreateAsync(key: "key");
        var transfer = Id(await before.CreateAsync(Transfer));
        await StoreTransferAsync(before, Codes.Static);
        var key = NewKey();

        await using (var during = await StartAsync(
            new() { ["Payments:EncryptionKey"] = key, ["Payments:RetiredEncryptionKeys:0"] = EncryptionKey }, replicaOf: before))
        {
            Assert.Equal("resolved", await during.StatusOfAsync(transfer)); // Read under the old key.
            Assert.Equal((4, 0), await SealAsync(during));
            Assert.Equal((0, 0), await SealAsync(during));
        }

        await using var after = await StartAsync(new() { ["Payments:EncryptionKey"] = key }, replicaOf: before);
        Assert.Equal(made.ToJsonString(), (await after.CreateAsync(key: "key")).ToJsonString());
        await after.ConfirmAsync(transfer);
        await after.TurnAsync(transfer);
        Assert.StartsWith("ST00012", after.Rail.LastSubmission!["qr"]!.GetValue<string>(), StringComparison.Ordinal);
        var held = Id(await after.CreateAsync(new { qr = Codes.Static, amountMinor = 100 }));
        using var refused = await after.PostAsync($"/v1/payments/{held}/confirm", null);
        Assert.Equal(Duplicate, await CodeOfAsync(refused, 409));
    }

    [Fact]
    public async Task Without_the_key_it_was_sealed_under_a_row_stays_as_it_is()
    {
        const string sql = "SELECT encode(sealed, 'hex') || sealed_key_id FROM payments.payment";
        await using var before = await StartAsync();
        await before.CreateAsync();
        var stored = await before.ScalarAsync<string>(sql);

        await using var other = await StartAsync(
            new() { ["Payments:EncryptionKey"] = NewKey(), ["Payments:RetiredEncryptionKeys:0"] = NewKey() }, replicaOf: before);

        Assert.Equal((0, 1), await SealAsync(other));
        Assert.Equal(stored, await other.ScalarAsync<string>(sql));
    }

    [Fact]
    public async Task What_is_copied_to_another_row_cannot_be_opened()
    {
        await using var payments = await StartAsync();
        var (one, other) = (Id(await payments.CreateAsync()), Id(await payments.CreateAsync(Transfer)));
        await payments.ExecuteAsOwnerAsync(
            "UPDATE payments.payment SET sealed = other.sealed FROM payments.payment AS other " +
            $"WHERE payment.payment_id = '{one}' AND other.payment_id = '{other}'");

        await using var connection = await payments.Database.OpenAsync(Token);
        var row = await PaymentTable.FindAsync(connection, one, payments.MerchantId, Mode.Test, Token);

        Assert.ThrowsAny<CryptographicException>(() => payments.Services.GetRequiredService<PaymentSeals>().DetailsOf(row!));
    }

    [Theory]
    [InlineData(Codes.Static, 777, true)] // The code, whatever the sum.
    [InlineData(Codes.Dynamic, 100, false)] // Another code of the same sum.
    public async Task A_transfer_without_a_payment_holds_its_sealed_code(string lost, int amount, bool isHeld)
    {
        await using var payments = await StartAsync();
        await StoreTransferAsync(payments, lost);
        var id = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = amount }));

        using var response = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        Assert.Equal(isHeld ? 409 : 200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task Where_codes_cannot_be_compared_the_sum_of_the_transfer_holds(int amount, bool isHeld)
    {
        await using var plain = await StartAsync(new() { ["Payments:SealsRows"] = "false" });
        await using var payments = await StartAsync(replicaOf: plain);
        await StoreTransferAsync(payments, Codes.Dynamic); // Sealed; the payment isn't.
        var id = Id(await plain.CreateAsync(new { qr = Codes.Static, amountMinor = amount }));

        using var response = await plain.PostAsync($"/v1/payments/{id}/confirm", null);

        Assert.Equal(isHeld ? 409 : 200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("amount_kopecks = 1, total_kopecks = 1, sealed = '\\x00'")] // Not together with anything else.
    [InlineData("single_use_hash = '\\x00'")]
    [InlineData("single_use_hash = NULL")]
    [InlineData("payee_name = 'A', qr_text = 'A', qr_canonical = 'A', sealed = NULL, sealed_key_id = NULL, qr_lookup = NULL")]
    [InlineData("sealed = NULL, sealed_key_id = NULL, qr_lookup = NULL")] // Neither kept nor erased.
    [InlineData("sealed = NULL, sealed_key_id = NULL, qr_lookup = NULL, erased_at = clock_timestamp()")] // Not ended.
    public async Task The_service_itself_cannot_change_a_payment_while_it_seals_or_erases_it(string change)
    {
        await using var payments = await StartAsync();
        await payments.CreateAsync();

        var exception = await Assert.ThrowsAsync<PostgresException>(
            () => payments.ExecuteSqlAsync($"UPDATE payments.payment SET {change}", null));

        Assert.Equal(PostgresErrorCodes.CheckViolation, exception.SqlState);
    }

    private static Task<(int Moved, int Left)> SealAsync(PaymentsHarness payments) =>
        payments.Services.GetRequiredService<SealRows>().SealAsync(Token);

    private static async Task StoreTransferAsync(PaymentsHarness payments, string qr)
    {
        await using var connection = await payments.Database.OpenAsync(Token);
        await UnmatchedTransfers.StoreAsync(
            connection, payments.Services.GetRequiredService<PaymentSeals>(), Mode.Test, "sandbox",
            [(Lost, "completed", "unknown here", new Kopecks(100), qr)], Token);
    }

    /// <summary>All rows of all tables of Payments as text, bytes in hex.</summary>
    private static async Task<string> DumpAsync(PaymentsHarness payments)
    {
        const string tablesSql =
            "SELECT string_agg(table_name, ',') FROM information_schema.tables WHERE table_schema = 'payments' AND table_type = 'BASE TABLE'";
        var text = new StringBuilder();
        foreach (var table in (await payments.ScalarAsync<string>(tablesSql)).Split(','))
        {
            text.AppendLine(await payments.ScalarAsync<string>(
                $"SELECT coalesce(string_agg(kept::text, E'\\n'), '') FROM payments.{table} AS kept"));
        }

        return text.ToString();
    }

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
}
