using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using Dapper;
using Npgsql;

namespace ArdorQr.Ledger.Tests;

/// <summary>What a merchant downloads, and what somebody with the database's superuser can do to it.</summary>
internal static class Tampering
{
    /// <summary>All history told anew, consistent in itself.</summary>
    public const string RewriteChains =
        """
        DO $$
        DECLARE
            written record;
            link bytea;
        BEGIN
            UPDATE ledger.transfer SET description = 'Другая история';
            FOR written IN
                SELECT entry.*, transfer.kind, transfer.source_id, transfer.description, transfer.merchant_id, transfer.mode
                FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
                WHERE entry.sequence IS NOT NULL ORDER BY entry.account_id, entry.sequence
            LOOP
                IF written.sequence = 1 THEN
                    link := decode(repeat('00', 32), 'hex');
                END IF;
                UPDATE ledger.entry SET
                    previous_hash = link,
                    hash = ledger.operation_hash(link, written.merchant_id, written.mode, written.sequence,
                        written.operation_id, written.kind, written.amount_kopecks, written.balance_after_kopecks,
                        written.source_id, written.created_at, written.description)
                WHERE transfer_id = written.transfer_id AND account_id = written.account_id
                RETURNING hash INTO link;
                UPDATE ledger.wallet SET last_hash = link WHERE account_id = written.account_id;
            END LOOP;
        END
        $$;
        """;

    /// <summary>The wallet's whole list, page by page.</summary>
    public static async Task<List<JsonNode>> DownloadAsync(this LedgerHost ledger, Guid merchantId, Mode? mode = null)
    {
        var operations = new List<JsonNode>();
        for (var path = "/v1/operations?limit=5"; path is not null;)
        {
            var page = JsonNode.Parse((await ledger.GetAsync(merchantId, path, mode)).ToString())!["operations"]!.AsArray();
            operations.AddRange(page.Select(operation => operation!.DeepClone()));
            path = page.Count == 0 ? null : $"/v1/operations?limit=5&before={page[^1]!["createdAt"]}";
        }

        return operations;
    }

    /// <summary>Runs statements as superuser, with every trigger and foreign key off.</summary>
    public static async Task AsOwnerAsync(this LedgerHost ledger, string sql, object? parameters = null)
    {
        await using var connection = new NpgsqlConnection(ledger.Database.OwnerConnectionString);
        await connection.OpenAsync(LedgerHost.Token);
        await connection.ExecuteAsync(new CommandDefinition(
            "SET session_replication_role = replica;" + sql, parameters, cancellationToken: LedgerHost.Token));
    }
}
