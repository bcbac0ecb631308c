using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using CsCheck;
using Npgsql;

namespace ArdorQr.Ledger.Tests;

/// <summary>The chain: its form, that C# and SQL agree on it, and that a downloaded list proves itself.</summary>
public sealed class ChainTests
{
    private static readonly ChainedOperation Sample = new(
        new WalletKey(new("0198F000-0000-7000-8000-00000000000A"), Mode.Test), 2,
        new("0198f000-0000-7000-8000-00000000000b"), "payment", new(-606), new(394),
        new("0198f000-0000-7000-8000-00000000000c"), new(2026, 6, 19, 15, 0, 0, 500, TimeSpan.FromHours(3)),
        "Оплата по QR: ООО «Ромашка»\r\nи ещё строка");

    private readonly Guid _merchant = Ids.New();

    [Fact]
    public void The_canonical_form_is_as_it_was_published() => Assert.Equal(
        "ardorqr.operation.v1\n0198f000-0000-7000-8000-00000000000a\ntest\n2\n0198f000-0000-7000-8000-00000000000b\n"
        + "payment\n-606\n394\nRUB\n0198f000-0000-7000-8000-00000000000c\n2026-06-19T12:00:00.500000Z\n"
        + "Оплата по QR: ООО «Ромашка»\r\nи ещё строка",
        OperationChain.CanonicalFormOf(Sample));

    [Fact]
    public void A_link_is_the_hash_of_the_link_before_and_the_form()
    {
        var previous = OperationHash.Of([.. Enumerable.Range(1, 32).Select(value => (byte)value)]);

        var expected = SHA256.HashData(
            [.. Enumerable.Range(1, 32).Select(value => (byte)value), .. Encoding.UTF8.GetBytes(OperationChain.CanonicalFormOf(Sample))]);

        Assert.Equal(Convert.ToHexStringLower(expected), OperationChain.HashOf(previous, Sample).ToString());
    }

    [Fact]
    public void Any_changed_fact_changes_the_link()
    {
        var first = OperationChain.HashOf(OperationHash.Zero, Sample);
        ChainedOperation[] changed =
        [
            Sample with { Wallet = Sample.Wallet with { Mode = Mode.Live } },
            Sample with { Wallet = Sample.Wallet with { MerchantId = _merchant } },
            Sample with { Sequence = 3 },
            Sample with { OperationId = _merchant },
            Sample with { Type = "refund" },
            Sample with { Amount = new(606) },
            Sample with { BalanceAfter = new(395) },
            Sample with { SourceId = _merchant },
            Sample with { CreatedAt = Sample.CreatedAt.AddMicroseconds(1) },
            Sample with { Description = Sample.Description + " " },
        ];

        Assert.All(changed, operation => Assert.NotEqual(first, OperationChain.HashOf(OperationHash.Zero, operation)));
        Assert.NotEqual(first, OperationChain.HashOf(first, Sample));
    }

    [Fact]
    public void A_hash_reads_back_from_its_digits_and_from_nothing_else()
    {
        Gen.Byte.Array[OperationHash.Bytes].Sample(bytes =>
        {
            var hash = OperationHash.Of(bytes);
            Assert.Equal(bytes, hash.ToArray());
            Assert.Equal(hash, OperationHash.TryParse(hash.ToString()));
        });
        Assert.Null(OperationHash.TryParse(null));
        Assert.Null(OperationHash.TryParse(new string('0', 63)));
        Assert.Null(OperationHash.TryParse(new string('A', 64)));
        Assert.Equal(OperationHash.Zero, OperationHash.TryParse(new string('0', 64)));
    }

    [Fact]
    public async Task The_database_makes_the_same_link()
    {
        await using var database = await Testing.TestDatabase.CreateAsync(typeof(Program).Assembly, LedgerHost.Token);
        await using var connection = await database.Database.OpenAsync(LedgerHost.Token);
        const string sql =
            """
            SELECT ledger.operation_hash(@previous, @merchantId, @mode, @sequence, @operationId, @kind, @amount, @balance,
                @sourceId, @createdAt, @description)
            """;
        foreach (var operation in new[]
        {
            Sample,
            Sample with { Amount = new(long.MaxValue), BalanceAfter = new(long.MaxValue), Sequence = long.MaxValue, Type = "deposit" },
            Sample with { Amount = new(long.MinValue), BalanceAfter = new(0), Type = "adjustment", Description = "" },
            Sample with { Description = "%s \\n \u0001 \ud83d\ude00 '\"", CreatedAt = new DateTimeOffset(1999, 12, 31, 23, 59, 59, TimeSpan.Zero).AddMicroseconds(999_999) },
        })
        {
            var previous = OperationChain.HashOf(OperationHash.Zero, operation);
            var link = await connection.QuerySingleAsync<byte[]>(sql, new
            {
                previous = previous.ToArray(),
                merchantId = operation.Wallet.MerchantId,
                mode = operation.Wallet.Mode.Code,
                sequence = operation.Sequence,
                operationId = operation.OperationId,
                kind = operation.Type == "payment" ? "debit" : operation.Type,
                amount = operation.Amount.Value,
                balance = operation.BalanceAfter.Value,
                sourceId = operation.SourceId,
                createdAt = operation.CreatedAt,
                description = operation.Description,
            }, LedgerHost.Token);

            Assert.Equal(OperationChain.HashOf(previous, operation), OperationHash.Of(link));
        }
    }

    [Fact]
    public async Task A_downloaded_list_proves_itself_link_by_link()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        await ledger.DepositAsync(Ids.New(), 5);
        var debit = Ids.Debit(_merchant, 100, fee: 1);
        await ledger.DebitAsync(debit);
        Assert.Null(await ledger.PublishAsync(Ids.Rejected(debit)));

        var operations = (await ledger.GetAsync(_merchant, "/v1/operations")).GetProperty("operations");

        var (previous, sequence) = (OperationHash.Zero, 0L);
        foreach (var operation in operations.EnumerateArray().Reverse())
        {
            Assert.Equal(++sequence, operation.GetProperty("sequence").GetInt64());
            Assert.Equal(previous.ToString(), operation.GetProperty("previousHash").GetString());
            previous = OperationChain.HashOf(previous, new ChainedOperation(
                new WalletKey(_merchant, Mode.Test), sequence, operation.GetProperty("id").GetGuid(),
                operation.GetProperty("type").GetString()!, new(operation.GetProperty("amountMinor").GetInt64()),
                new(operation.GetProperty("balanceAfterMinor").GetInt64()), operation.GetProperty("sourceId").GetGuid(),
                operation.GetProperty("createdAt").GetDateTimeOffset(), operation.GetProperty("description").GetString()!));
            Assert.Equal(previous.ToString(), operation.GetProperty("hash").GetString());
        }

        Assert.Equal(3, sequence);
    }

    [Fact]
    public async Task Books_that_were_written_before_there_was_a_chain_or_an_auditor_are_chained_and_audited()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = Ids.Debit(_merchant, 100, fee: 1);
        await ledger.DepositAsync(_merchant, 1_000);
        await ledger.DepositAsync(_merchant, 70, Mode.Live);
        await ledger.DebitAsync(debit);
        Assert.Null(await ledger.PublishAsync(Ids.Rejected(debit)));
        var (settled, open) = (Ids.Debit(_merchant, 30), Ids.Debit(_merchant, 7));
        await ledger.DebitAsync(settled);
        await ledger.DebitAsync(open);
        Assert.Null(await ledger.PublishAsync(Ids.Completed(settled)));
        await ledger.DebitAsync(Ids.Debit(Ids.New(), 1)); // A wallet without an entry.
        const string chainsSql =
            """
            SELECT string_agg(concat_ws(',', account_id, sequence, previous_hash, hash, last_hash), ';' ORDER BY account_id, sequence)
            FROM ledger.wallet LEFT JOIN ledger.entry USING (account_id)
            """;
        var before = await ledger.ScalarAsync<string>(chainsSql);

        await using var owner = new NpgsqlConnection(ledger.Database.OwnerConnectionString);
        await owner.OpenAsync(LedgerHost.Token);
        const string keepSql =
            """
            CREATE TABLE public.wallet AS SELECT * FROM ledger.wallet;
            CREATE TABLE public.transfer AS SELECT * FROM ledger.transfer;
            CREATE TABLE public.entry AS SELECT * FROM ledger.entry;
            DROP SCHEMA ledger CASCADE;
            """;
        const string restoreSql =
            """
            INSERT INTO ledger.wallet OVERRIDING SYSTEM VALUE
            SELECT account_id, merchant_id, mode, balance_kopecks, last_sequence, last_entry_at, opened_at FROM public.wallet;
            INSERT INTO ledger.transfer SELECT * FROM public.transfer;
            INSERT INTO ledger.entry
            SELECT transfer_id, account_id, amount_kopecks, operation_id, sequence, balance_after_kopecks, created_at
            FROM public.entry ORDER BY random();
            """;
        var role = new NpgsqlConnectionStringBuilder(ledger.Database.ConnectionString).Username!;
        foreach (var sql in new[] { keepSql, Script("0001", role), restoreSql, Script("0002", role) })
        {
            await owner.ExecuteAsync(sql, null, LedgerHost.Token);
        }

        Assert.Equal(before, await owner.QuerySingleAsync<string>(chainsSql, null, LedgerHost.Token));
        foreach (var number in new[] { "0003", "0004", "0005", "0006", "0007" })
        {
            await owner.ExecuteAsync(Script(number, role), null, LedgerHost.Token);
        }

        await using var migrated = ledger.StartReplica();
        var report = await migrated.ReconcileAsync();
        Assert.All(report, check => Assert.True(check.Value.Ok, check.ToString()));
        Assert.Equal(7, report["ledger_payment_clearing_test"].Actual);
        Assert.Equal(-70, report["ledger_deposit_clearing_live"].Actual);
    }

    private static string Script(string number, string role)
    {
        var assembly = typeof(Program).Assembly;
        var name = assembly.GetManifestResourceNames().Single(name => name.Contains($".{number}_", StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().Replace("$app$", $"\"{role}\"", StringComparison.Ordinal);
    }
}
