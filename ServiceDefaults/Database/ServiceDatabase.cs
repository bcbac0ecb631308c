using ArdorQr.ServiceDefaults.Messaging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Database;

/// <summary>The service's own PostgreSQL database: plain connections to read, transactions to change and announce.</summary>
public sealed class ServiceDatabase(NpgsqlDataSource dataSource, OutboxSignal outbox)
{
    static ServiceDatabase() => DatabaseTypes.Register();

    /// <summary>An open connection, for reads and single statements.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        dataSource.OpenConnectionAsync(cancellationToken);

    /// <summary>A READ COMMITTED transaction that carries its events: they commit with the change.</summary>
    public async Task<ServiceTransaction> BeginAsync(CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            return new ServiceTransaction(connection, await connection.BeginTransactionAsync(cancellationToken), outbox);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// As <see cref="BeginAsync(CancellationToken)"/>, on an open connection of the caller's, which stays open: for a
    /// hot path that keeps its statements prepared.
    /// </summary>
    public async Task<ServiceTransaction> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        new(connection, await connection.BeginTransactionAsync(cancellationToken), outbox) { LeavesConnectionOpen = true };
}
