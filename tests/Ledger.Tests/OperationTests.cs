using System.Net;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Features;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Ledger.Tests;

public sealed class OperationTests
{
    private readonly Guid _merchant = Ids.New();

    [Fact]
    public async Task Operations_are_shown_newest_first_in_the_contracts_shape()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var deposit = await ledger.DepositAsync(_merchant, 1_000);
        var body = Ids.Debit(_merchant, 600, fee: 6);
        var debit = await ledger.DebitAsync(body);
        await ledger.DepositAsync(Ids.New(), 77);

        var operations = (await ledger.GetAsync(_merchant, "/v1/operations")).GetProperty("operations");

        Assert.Equal(2, operations.GetArrayLength());
        Assert.Equal(
            ["id", "type", "amountMinor", "balanceAfterMinor", "currency", "sourceId", "description", "createdAt",
                "sequence", "hash", "previousHash"],
            operations[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(("payment", -606L, 394L, "RUB", body.PaymentId, "Оплата по QR"), Of(operations[0]));
        Assert.Equal(("deposit", 1_000L, 1_000L, "RUB", deposit.DepositId, "Пополнение 25 USDT"), Of(operations[1]));
        Assert.Equal(debit.OperationId, operations[0].GetProperty("id").GetGuid());
        Assert.Equal(debit.CreatedAt, operations[0].GetProperty("createdAt").GetDateTimeOffset());
        Assert.EndsWith("Z", operations[0].GetProperty("createdAt").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cursor_walks_through_all_operations_without_a_gap_or_a_repetition()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000_000);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => ledger.DebitAsync(Ids.Debit(_merchant, 1))));

        var seen = new List<long>();
        for (var path = "/v1/operations?limit=7"; path is not null;)
        {
            var page = (await ledger.GetAsync(_merchant, path)).GetProperty("operations").EnumerateArray().ToList();
            seen.AddRange(page.Select(operation => operation.GetProperty("balanceAfterMinor").GetInt64()));
            path = page.Count == 0 ? null : $"/v1/operations?limit=7&before={page[^1].GetProperty("createdAt").GetString()}";
        }

        Assert.Equal(Enumerable.Range(0, 31).Select(index => 999_970L + index), seen);
    }

    [Fact]
    public async Task A_cursor_with_another_offset_or_finer_than_a_microsecond_is_exact()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        var operation = (await ledger.GetAsync(_merchant, "/v1/operations")).GetProperty("operations")[0];
        var createdAt = operation.GetProperty("createdAt").GetDateTimeOffset();

        Assert.Equal(0, await CountAsync(createdAt.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", null)));
        Assert.Equal(1, await CountAsync(createdAt.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'1Z'", null)));
        Assert.Equal(0, await CountAsync(createdAt.ToOffset(TimeSpan.FromHours(3)).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'%2B03:00'", null)));

        async Task<int> CountAsync(string before) =>
            (await ledger.GetAsync(_merchant, $"/v1/operations?before={before}")).GetProperty("operations").GetArrayLength();
    }

    [Fact]
    public async Task A_page_is_read_from_an_index_in_its_order_however_deep_it_is()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        await using var owner = new NpgsqlConnection(ledger.Database.OwnerConnectionString);
        await owner.OpenAsync(LedgerHost.Token);
        const string manySql =
            """
            ALTER TABLE ledger.entry DISABLE TRIGGER USER;
            INSERT INTO ledger.transfer (transfer_id, kind, merchant_id, mode, source_id, amount_kopecks, fee_kopecks,
                total_kopecks, description, status, balance_kopecks, operation_id, answer_event_id, created_at)
            SELECT gen_random_uuid(), kind, merchant_id, mode, source_id, amount_kopecks, fee_kopecks, total_kopecks,
                description, status, balance_kopecks, operation_id, answer_event_id, created_at + n * interval '1 s'
            FROM ledger.transfer, generate_series(1, 10000) AS n;
            INSERT INTO ledger.entry (transfer_id, account_id, amount_kopecks, operation_id, sequence,
                balance_after_kopecks, created_at, previous_hash, hash)
            SELECT transfer.transfer_id, entry.account_id, entry.amount_kopecks, entry.operation_id,
                1 + row_number() OVER (ORDER BY transfer.created_at), 5, transfer.created_at, previous_hash, hash
            FROM ledger.entry, ledger.transfer
            WHERE entry.sequence IS NOT NULL AND transfer.created_at > entry.created_at;
            ANALYZE ledger.entry, ledger.transfer, ledger.wallet;
            """;
        await owner.ExecuteAsync(manySql, null, LedgerHost.Token);

        var plan = await owner.QueryAsync<string>("EXPLAIN " + ListOperations.PageSql, new
        {
            merchantId = _merchant,
            mode = "test",
            before = TimeProvider.System.GetUtcNow().AddHours(1),
            limit = 20,
        }, LedgerHost.Token);

        var text = string.Join('\n', plan);
        Assert.Contains("Index Scan Backward using entry_wallet_created_at", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_balance_has_the_contracts_shape()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 125_000);

        var balance = await ledger.GetAsync(_merchant, "/v1/balance");

        Assert.Equal($$"""{"merchantId":"{{_merchant}}","balanceMinor":125000,"currency":"RUB"}""", balance.GetRawText());
    }

    private static (string?, long, long, string?, Guid, string?) Of(JsonElement operation) => (
        operation.GetProperty("type").GetString(), operation.GetProperty("amountMinor").GetInt64(),
        operation.GetProperty("balanceAfterMinor").GetInt64(), operation.GetProperty("currency").GetString(),
        operation.GetProperty("sourceId").GetGuid(), operation.GetProperty("description").GetString());
}
