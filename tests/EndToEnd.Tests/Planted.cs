using Npgsql;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// What somebody wrote into the services' databases past all their rules, and how it was before: taken back at the end.
/// </summary>
internal sealed class Planted(RunningSystem system) : IAsyncDisposable
{
    private readonly Stack<(string Service, string Sql)> _undoing = [];

    /// <summary>Rows of a table, changed or taken away; they come back as they were.</summary>
    /// <param name="service">Whose database.</param>
    /// <param name="table">With its schema.</param>
    /// <param name="where">Which rows; at least one must be there.</param>
    /// <param name="set">What they get; null takes them away.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public async Task ChangeAsync(
        string service, string table, string where, string? set, CancellationToken cancellationToken)
    {
        var kept = $"planted.kept_{_undoing.Count}";
        await ExecuteAsync(
            service, $"CREATE SCHEMA IF NOT EXISTS planted; CREATE TABLE {kept} AS SELECT * FROM {table} WHERE {where}",
            cancellationToken);
        var columns = await ColumnsAsync(service, table, cancellationToken);
        var delete = $"DELETE FROM {table} AS rows USING {kept} AS kept WHERE {KeyOf(table)}";
        _undoing.Push((service, $"{delete}; INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {kept}; DROP TABLE {kept}"));
        var changed = await ExecuteAsync(
            service, set is null ? $"DELETE FROM {table} WHERE {where}" : $"UPDATE {table} SET {set} WHERE {where}",
            cancellationToken);
        Assert.True(changed > 0, $"nothing was planted in {table} WHERE {where}");
    }

    /// <summary>Rows more, and how they go again.</summary>
    public async Task AddAsync(string service, string insert, string delete, CancellationToken cancellationToken)
    {
        _undoing.Push((service, delete));
        Assert.True(await ExecuteAsync(service, insert, cancellationToken) > 0, $"nothing was planted by {insert}");
    }

    public async ValueTask DisposeAsync()
    {
        while (_undoing.TryPop(out var undo))
        {
            await ExecuteAsync(undo.Service, undo.Sql, CancellationToken.None);
        }
    }

    /// <summary>Without triggers and foreign keys, as only the server's own administrator can.</summary>
    private async Task<int> ExecuteAsync(string service, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await system.DatabaseAsync(service, cancellationToken);
        await using (var quiet = new NpgsqlCommand("SET session_replication_role = replica", connection))
        {
            await quiet.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<string> ColumnsAsync(string service, string table, CancellationToken cancellationToken)
    {
        await using var connection = await system.DatabaseAsync(service, cancellationToken);
        await using var command = new NpgsqlCommand(
            $"SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped",
            connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static string KeyOf(string table) => table switch
    {
        "ledger.transfer" => "rows.transfer_id = kept.transfer_id",
        "deposits.deposit" => "rows.deposit_id = kept.deposit_id",
        "payments.payment" => "rows.payment_id = kept.payment_id",
        "webhooks.event" => "rows.event_id = kept.event_id",
        "sandbox.rail_transfer" => "rows.transfer_id = kept.transfer_id",
        _ => throw new ArgumentException($"Whose key is {table}'s?", nameof(table)),
    };
}
