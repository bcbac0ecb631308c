using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Tests;

/// <summary>
/// What somebody does to the rows directly, as superuser and with the triggers off, and what the verifier says of the list
/// that is downloaded then.
/// </summary>
public sealed class TamperingTests
{
    private const string Wallet = "(SELECT account_id FROM ledger.wallet WHERE merchant_id = @merchant AND mode = 'test')";
    private const string TransferAt =
        $"(SELECT transfer_id FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 3)";

    private readonly Guid _merchant = Ids.New();

    [Theory]
    [InlineData("an amount", $"UPDATE ledger.entry SET amount_kopecks = amount_kopecks + 1 WHERE account_id = {Wallet} AND sequence = 3", "was altered")]
    [InlineData("a description", $"UPDATE ledger.transfer SET description = 'Другое' WHERE transfer_id = {TransferAt}", "was altered")]
    [InlineData("a removed row", $"DELETE FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 3", "Operation 3 is missing")]
    [InlineData("two swapped rows",
        $"UPDATE ledger.entry SET sequence = 107 - sequence WHERE account_id = {Wallet} AND sequence IN (3, 4);"
        + $"UPDATE ledger.entry SET sequence = sequence - 100 WHERE account_id = {Wallet} AND sequence > 100", "was moved")]
    [InlineData("an inserted row",
        "ALTER TABLE ledger.entry DROP CONSTRAINT entry_pkey; DROP INDEX ledger.entry_wallet_sequence;"
        + "INSERT INTO ledger.entry (transfer_id, account_id, amount_kopecks, operation_id, sequence, balance_after_kopecks, created_at, hash, previous_hash)"
        + "SELECT transfer_id, account_id, 777, gen_random_uuid(), sequence, balance_after_kopecks, created_at + interval '1 microsecond', hash, previous_hash"
        + $" FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 3", "was inserted")]
    [InlineData("a cut tail with its balance",
        $"DELETE FROM ledger.entry WHERE account_id = {Wallet} AND sequence > 3;"
        + "UPDATE ledger.wallet SET (balance_kopecks, last_sequence, last_entry_at, last_hash) = ("
        + "SELECT balance_after_kopecks, sequence, created_at, hash FROM ledger.entry"
        + " WHERE entry.account_id = wallet.account_id AND sequence = 3) WHERE merchant_id = @merchant", "The tail was cut")]
    public async Task A_change_in_the_database_shows_in_the_downloaded_list(string what, string sql, string fault)
    {
        await using var ledger = await LedgerHost.StartAsync();
        var checkpoint = await FillAsync(ledger);

        await ledger.AsOwnerAsync(sql, new { merchant = _merchant });
        var (code, text) = await VerifyAsync(ledger, checkpoint);

        Assert.True(code == 1 && text.Contains(fault, StringComparison.Ordinal), $"{what}: {text}");
    }

    [Fact]
    public async Task A_whole_chain_that_was_rewritten_consistently_looks_right_but_for_an_earlier_checkpoint()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var checkpoint = await FillAsync(ledger);

        await ledger.AsOwnerAsync(Tampering.RewriteChains);

        Assert.Equal(0, (await VerifyAsync(ledger)).Code);
        var (code, text) = await VerifyAsync(ledger, checkpoint);
        Assert.True(code == 1 && text.Contains("The chain was rewritten: operation 6", StringComparison.Ordinal), text);
    }

    /// <summary>Six operations of one wallet; returns the checkpoint after them.</summary>
    private async Task<JsonNode> FillAsync(LedgerHost ledger)
    {
        await ledger.DepositAsync(_merchant, 1_000);
        for (var payment = 1; payment <= 5; payment++)
        {
            await ledger.DebitAsync(Ids.Debit(_merchant, payment));
        }

        Assert.Equal(0, (await VerifyAsync(ledger)).Code);
        return JsonNode.Parse((await ledger.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString())!;
    }

    private async Task<(int Code, string Text)> VerifyAsync(LedgerHost ledger, JsonNode? checkpoint = null)
    {
        using var verifier = new Verifier(new WalletKey(_merchant, Mode.Test));
        using var key = ECDsa.Create();
        if (checkpoint is not null)
        {
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String((string)checkpoint["publicKey"]!), out _);
        }

        return await verifier.RunAsync(
            await ledger.DownloadAsync(_merchant), checkpoint is null ? [] : [checkpoint], checkpoint is null ? null : key);
    }
}
