using Npgsql;

namespace ArdorQr.Ledger.Database;

/// <summary>Statements of a batch with typed parameters, so that they can be prepared.</summary>
internal static class BatchCommands
{
    public static NpgsqlBatchCommand Add(this NpgsqlBatch batch, string sql)
    {
        var command = new NpgsqlBatchCommand(sql);
        batch.BatchCommands.Add(command);
        return command;
    }

    public static NpgsqlBatchCommand With<T>(this NpgsqlBatchCommand command, string name, T value)
    {
        command.Parameters.Add(new NpgsqlParameter<T>(name, value));
        return command;
    }

    /// <summary>A parameter that has one value of each row.</summary>
    public static NpgsqlBatchCommand WithColumn<TRow, T>(
        this NpgsqlBatchCommand command, string name, IReadOnlyList<TRow> rows, Func<TRow, T> column)
    {
        var values = new T[rows.Count];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = column(rows[index]);
        }

        return command.With(name, values);
    }
}
