using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using Dapper;
using Npgsql;

namespace ArdorQr.Ledger.Tests;

/// <summary>What a merchant downloads, and what somebody with the database's superuser can do to it.</summary>
internal static class Tampering
{
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
