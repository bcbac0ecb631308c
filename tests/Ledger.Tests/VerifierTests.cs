using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using CsCheck;

namespace ArdorQr.Ledger.Tests;

/// <summary>What the verifier says of lists that a forger may have had in hand.</summary>
public sealed class VerifierTests : IDisposable
{
    private static readonly WalletKey Wallet = new(Ids.New(), Mode.Test);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Verifier _verifier = new(Wallet);

    [Fact]
    public async Task A_whole_list_in_any_order_and_with_overlapping_pages_is_ok()
    {
        var chain = ChainOf(7);

        var (code, text) = await _verifier.RunAsync([.. chain.Skip(2).Reverse(), .. chain.Take(5)]);

        Assert.True(code == 0, text);
        Assert.Contains($"OK: 7 operations, head {chain[^1]["hash"]}", text, StringComparison.Ordinal);
        Assert.Contains("Operations 1 to 7, balance 700 kopecks.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_text_in_a_description_is_hashed_as_it_is() => await Gen.String.SampleAsync(async text =>
    {
        using var verifier = new Verifier(Wallet);
        var description = string.Concat(text.EnumerateRunes().Where(rune => rune != Rune.ReplacementChar)) + "\nRUB\n«»";
        Assert.Equal(0, (await verifier.RunAsync(ChainOf(2, description))).Code);
    }, iter: 50);

    [Theory]
    [InlineData("amountMinor", 101L)]
    [InlineData("balanceAfterMinor", 301L)]
    [InlineData("description", "Возврат")]
    [InlineData("type", "refund")]
    [InlineData("currency", "USD")]
    [InlineData("id", "01990000-0000-7000-8000-000000000009")]
    [InlineData("sourceId", "01990000-0000-7000-8000-000000000009")]
    [InlineData("createdAt", "2026-06-19T12:00:02.0000011Z", 2)]
    [InlineData("createdAt", "2026-06-19T12:00:02.000001Z")]
    public async Task An_altered_member_is_named(string member, object value, int code = 1)
    {
        var chain = ChainOf(5);
        chain[2][member] = JsonSerializer.SerializeToNode(value);

        var (actual, text) = await _verifier.RunAsync(chain);

        Assert.Equal(code, actual);
        if (code == 1)
        {
            Assert.Contains($"Operation 3 ({chain[2]["id"]}) was altered", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_list_of_another_merchant_or_mode_is_not_this_wallets()
    {
        var chain = ChainOf(2);

        Assert.Equal(1, (await _verifier.RunAsync(chain, mode: "live")).Code);
        using var other = new Verifier(new WalletKey(Ids.New(), Mode.Test));
        Assert.Equal(1, (await other.RunAsync(chain)).Code);
    }

    [Fact]
    public async Task Removed_exchanged_and_inserted_operations_are_named()
    {
        var chain = ChainOf(6);
        var (code, text) = await _verifier.RunAsync([.. chain.Take(2), .. chain.Skip(4)]);
        Assert.True(code == 1 && text.Contains("Operations 3 to 4 are missing", StringComparison.Ordinal), text);

        var exchanged = ChainOf(6);
        (exchanged[1]["sequence"], exchanged[3]["sequence"]) = (4, 2);
        (code, text) = await _verifier.RunAsync(exchanged);
        Assert.True(code == 1 && text.Contains("was moved: it is operation 4.", StringComparison.Ordinal), text);

        var inserted = ChainOf(6);
        var doubled = inserted[2].DeepClone();
        doubled["id"] = Ids.New().ToString();
        (code, text) = await _verifier.RunAsync([.. inserted, doubled]);
        Assert.True(code == 1 && text.Contains("one was inserted", StringComparison.Ordinal), text);
    }

    [Fact]
    public async Task A_removed_operation_is_found_though_the_rest_is_numbered_anew()
    {
        var chain = ChainOf(6);
        chain.RemoveAt(2);
        for (var index = 2; index < chain.Count; index++)
        {
            chain[index]["sequence"] = index + 1;
        }

        var (code, text) = await _verifier.RunAsync(chain);

        Assert.Equal(1, code);
        Assert.Contains("doesn't continue operation 2", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_checkpoint_a_cut_or_rewritten_list_looks_whole_and_with_one_it_does_not()
    {
        var chain = ChainOf(6);
        var checkpoint = CheckpointOf(chain[4]);
        var rewritten = ChainOf(6, "Другая история");
        var cut = chain.Take(4).ToList();

        var (code, text) = await _verifier.RunAsync(cut);
        Assert.True(code == 0 && text.Contains("No checkpoint was compared", StringComparison.Ordinal), text);
        (code, text) = await _verifier.RunAsync(cut, [checkpoint], _key);
        Assert.True(code == 1 && text.Contains("The tail was cut: the list ends with operation 4", StringComparison.Ordinal), text);
        (code, text) = await _verifier.RunAsync(rewritten, [checkpoint], _key);
        Assert.True(code == 1 && text.Contains("The chain was rewritten: operation 5", StringComparison.Ordinal), text);
        (code, text) = await _verifier.RunAsync(chain, [checkpoint], _key);
        Assert.True(code == 0 && text.Contains("1 signed checkpoints were compared", StringComparison.Ordinal), text);
        (code, text) = await _verifier.RunAsync(chain, [checkpoint]);
        Assert.True(code == 0 && text.Contains("their signatures not checked", StringComparison.Ordinal), text);
    }

    [Theory]
    [InlineData("sequence", 4)]
    [InlineData("hash", "ab00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("balanceMinor", 1)]
    [InlineData("createdAt", "2026-01-01T00:00:00Z")]
    [InlineData("signature", "AAAA")]
    [InlineData("signature", "not base64")]
    [InlineData("mode", "live")]
    public async Task A_checkpoint_that_was_altered_is_refused(string member, object value)
    {
        var chain = ChainOf(6);
        var checkpoint = CheckpointOf(chain[4]);
        checkpoint[member] = JsonSerializer.SerializeToNode(value);

        var (code, text) = await _verifier.RunAsync(chain, [checkpoint], _key);

        Assert.Equal(1, code);
        Assert.Contains(member == "mode" ? "of another wallet" : "isn't signed by the given key", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_that_another_key_signed_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var chain = ChainOf(6);

        Assert.Equal(1, (await _verifier.RunAsync(chain, [CheckpointOf(chain[4])], other)).Code);
    }

    [Fact]
    public async Task A_list_may_begin_where_a_checkpoint_was_made_and_nowhere_else()
    {
        var chain = ChainOf(6);
        var tail = chain.Skip(4).ToList();

        Assert.Equal(0, (await _verifier.RunAsync(tail, [CheckpointOf(chain[3])], _key)).Code);
        Assert.Equal(0, (await _verifier.RunAsync(tail, [CheckpointOf(chain[4])], _key)).Code);
        var (code, text) = await _verifier.RunAsync(tail, [CheckpointOf(chain[5])], _key);
        Assert.True(code == 1 && text.Contains("Operations 1 to 4 are missing", StringComparison.Ordinal), text);
        tail[0]["previousHash"] = new string('0', 64);
        Assert.Equal(1, (await _verifier.RunAsync(tail, [CheckpointOf(chain[3])], _key)).Code);
    }

    [Fact]
    public async Task What_is_no_list_and_what_is_no_command_end_with_2()
    {
        Assert.Equal(2, (await _verifier.RunAsync([new JsonObject { ["id"] = "x" }])).Code);
        using var output = new StringWriter();
        Assert.Equal(2, await VerifyOperations.Command.RunAsync(["--mode", "test"], output, LedgerHost.Token));
        Assert.StartsWith("Verifies the operations", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_file_that_is_not_there_is_named()
    {
        var fault = Assert.Throws<FormatException>(() => VerifyOperations.SigningKeys.Read(["lost.pem"]));

        Assert.Contains("--public-key lost.pem", fault.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _key.Dispose();
        _verifier.Dispose();
    }

    /// <summary>A list as the API would show it, hashed by Ledger's own code, which the verifier doesn't know.</summary>
    private static List<JsonNode> ChainOf(int count, string description = "Пополнение 25 USDT")
    {
        var chain = new List<JsonNode>();
        var previous = OperationHash.Zero;
        var at = new DateTimeOffset(2026, 6, 19, 12, 0, 0, TimeSpan.Zero);
        for (var sequence = 1; sequence <= count; sequence++)
        {
            var operation = new ChainedOperation(
                Wallet, sequence, Ids.New(), "deposit", new(100), new(100 * sequence), Ids.New(), at, description);
            var hash = OperationChain.HashOf(previous, operation);
            chain.Add(new JsonObject
            {
                ["id"] = operation.OperationId.ToString(),
                ["type"] = operation.Type,
                ["amountMinor"] = operation.Amount.Value,
                ["balanceAfterMinor"] = operation.BalanceAfter.Value,
                ["currency"] = "RUB",
                ["sourceId"] = operation.SourceId.ToString(),
                ["description"] = operation.Description,
                ["createdAt"] = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", null),
                ["sequence"] = sequence,
                ["hash"] = hash.ToString(),
                ["previousHash"] = previous.ToString(),
            });
            (previous, at) = (hash, at.AddMilliseconds(1_120));
        }

        return chain;
    }

    /// <summary>A checkpoint at this operation, signed by what the documentation says, not by Ledger's code.</summary>
    private JsonObject CheckpointOf(JsonNode operation)
    {
        var text = $"ardorqr.checkpoint.v1\n{Wallet.MerchantId}\ntest\n{operation["sequence"]}\n{operation["hash"]}\n"
            + $"{operation["balanceAfterMinor"]}\n2026-06-19T13:00:00.500000Z";
        return new JsonObject
        {
            ["merchantId"] = Wallet.MerchantId,
            ["mode"] = "test",
            ["sequence"] = operation["sequence"]!.DeepClone(),
            ["hash"] = operation["hash"]!.DeepClone(),
            ["balanceMinor"] = operation["balanceAfterMinor"]!.DeepClone(),
            ["createdAt"] = "2026-06-19T13:00:00.5Z",
            ["signature"] = Convert.ToBase64String(_key.SignData(
                Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)),
        };
    }
}
