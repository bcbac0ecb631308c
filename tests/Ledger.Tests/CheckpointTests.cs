using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Domain;
using ArdorQr.Ledger.Features;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Ledger.Tests;

public sealed class CheckpointTests
{
    private readonly Guid _merchant = Ids.New();

    [Fact]
    public async Task A_checkpoint_on_demand_is_signed_stored_announced_once_and_the_same_until_the_wallet_moves()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);

        var first = (await ledger.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString();
        var second = (await ledger.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString();
        await ledger.DepositAsync(_merchant, 5);
        var third = JsonNode.Parse((await ledger.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString())!;

        Assert.Equal(first, second);
        Assert.Equal((2L, 1_005L), ((long)third["sequence"]!, (long)third["balanceMinor"]!));
        var events = await ledger.AnswersAsync<CheckpointSigned>(2);
        var shown = JsonNode.Parse(first)!;
        Assert.Equal(
            ["merchantId", "mode", "sequence", "hash", "balanceMinor", "createdAt", "keyId", "publicKey", "signature"],
            shown.AsObject().Select(member => member.Key));
        var announced = events.Single(message => message.Sequence == 1);
        Assert.Equal(
            ((string)shown["signature"]!, (string)shown["hash"]!, (string)shown["publicKey"]!, (string)shown["keyId"]!),
            (announced.Signature, announced.Hash, announced.PublicKey, announced.KeyId));
        Assert.Equal((_merchant, Mode.Test, 1_000L), (announced.MerchantId, announced.Mode, announced.BalanceMinor.Value));
    }

    [Fact]
    public async Task The_verifier_accepts_a_downloaded_list_with_its_checkpoint_and_key()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        await ledger.DebitAsync(Ids.Debit(_merchant, 600, fee: 6));
        var early = JsonNode.Parse((await ledger.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString())!;
        await ledger.DebitAsync(Ids.Debit(_merchant, 1));
        var late = JsonNode.Parse((await ledger.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString())!;

        using var verifier = new Verifier(new WalletKey(_merchant, Mode.Test));
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String((string)late["publicKey"]!), out _);
        var (code, text) = await verifier.RunAsync(await ledger.DownloadAsync(_merchant), [early, late], key);

        Assert.True(code == 0, text);
        Assert.Contains("OK: 3 operations", text, StringComparison.Ordinal);
        Assert.Contains("2 signed checkpoints were compared.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_rotation_the_old_keys_checkpoints_are_believed_while_its_public_key_is_trusted()
    {
        await using var before = await LedgerHost.StartAsync();
        await before.DepositAsync(_merchant, 1_000);
        var old = JsonNode.Parse((await before.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString())!;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var settings = new Dictionary<string, string?>
        {
            ["Ledger:Checkpoints:SigningKey"] = Convert.ToBase64String(key.ExportPkcs8PrivateKey()),
        };
        await using var after = before.StartReplica(
            new Dictionary<string, string?>(settings) { ["Ledger:Checkpoints:TrustedPublicKeys:0"] = (string)old["publicKey"]! });
        await after.DepositAsync(_merchant, 5);
        var fresh = JsonNode.Parse((await after.GetAsync(_merchant, "/v1/operations/checkpoint")).ToString())!;

        Assert.Equal(Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()), (string)fresh["publicKey"]!);
        Assert.NotEqual((string)old["keyId"]!, (string)fresh["keyId"]!);
        Assert.True((await after.ReconcileAsync())["ledger_checkpoints"].Ok);

        await using var forgetful = before.StartReplica(settings); // Its key was taken from the settings too soon.
        Assert.False((await forgetful.ReconcileAsync())["ledger_checkpoints"].Ok);
    }

    [Fact]
    public async Task Before_the_first_operation_there_is_nothing_to_sign()
    {
        await using var ledger = await LedgerHost.StartAsync();
        using var client = ledger.Factory.ClientOf(TestIdentity.Caller(_merchant, Mode.Test));

        using var response = await client.GetAsync(new Uri("/v1/operations/checkpoint", UriKind.Relative), LedgerHost.Token);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task A_round_signs_each_wallet_that_moved_once_among_replicas_and_is_due_again_in_an_hour()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await using var replica = ledger.StartReplica();
        var merchants = Enumerable.Range(0, 5).Select(_ => Ids.New()).ToList();
        foreach (var merchant in merchants)
        {
            await ledger.DepositAsync(merchant, 10);
        }

        var signed = await Task.WhenAll(
            Signer(ledger).SignDueAsync(LedgerHost.Token), Signer(replica).SignDueAsync(LedgerHost.Token));

        await ledger.DepositAsync(merchants[0], 10);
        Assert.Equal(5, signed.Sum());
        Assert.Equal(0, await Signer(ledger).SignDueAsync(LedgerHost.Token));
        await ledger.AsOwnerAsync("UPDATE ledger.checkpoint_round SET due_at = due_at - interval '1 hour'");
        Assert.Equal(1, await Signer(replica).SignDueAsync(LedgerHost.Token));
        Assert.Equal(6L, await ledger.ScalarAsync<long>("SELECT count(*) FROM ledger.checkpoint"));
    }

    [Theory]
    [InlineData("UPDATE ledger.checkpoint SET sequence = 2")]
    [InlineData("DELETE FROM ledger.checkpoint")]
    public async Task The_service_itself_can_neither_change_nor_remove_a_checkpoint(string sql)
    {
        await using var ledger = await LedgerHost.StartAsync();

        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => ledger.ScalarAsync<object>(sql));

        Assert.Equal("42501", refused.SqlState);
    }

    [Theory]
    [InlineData(null, "SigningKey field is required")]
    [InlineData("", "SigningKey field is required")]
    [InlineData("bm90IGEga2V5", "must be a P-256 private key")]
    [InlineData("no base64!", "must be a P-256 private key")]
    public void A_missing_or_wrong_key_is_named(string? key, string fault)
    {
        var options = new CheckpointOptions { SigningKey = key };
        var faults = new[]
        {
            new CheckpointOptionsValidator().Validate(null, options), new CheckpointOptionsRules().Validate(null, options),
        }.SelectMany(result => result.Failures ?? []);

        Assert.Contains(faults, text => text.Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_may_be_pem_or_base64_and_must_be_on_the_right_curve()
    {
        using var right = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var wrong = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var pem = new CheckpointSigner(right.ExportPkcs8PrivateKeyPem());
        using var base64 = new CheckpointSigner(Convert.ToBase64String(right.ExportPkcs8PrivateKey()));

        Assert.Equal(pem.KeyId, base64.KeyId);
        Assert.Throws<CryptographicException>(() => new CheckpointSigner(wrong.ExportPkcs8PrivateKeyPem()));
    }

    private static SignCheckpoints Signer(LedgerHost ledger) => ledger.Factory.Services.GetRequiredService<SignCheckpoints>();
}
