using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Deposits.Database;

/// <summary>
/// The right of one process among the replicas to read a mode's chain: a lease by the database's clock, with an epoch
/// that grows at each change of hands. Every write of the holder checks its epoch in its own transaction, so that a
/// holder who was paused or cut off can't write.
/// </summary>
/// <param name="Mode">The chain's mode.</param>
/// <param name="Holder">The process.</param>
/// <param name="Epoch">The term that the holder took.</param>
internal sealed record Leadership(Mode Mode, Guid Holder, long Epoch)
{
    /// <summary>A holder that is silent for so long may be replaced.</summary>
    public const int LeaseSeconds = 5;

    /// <summary>Takes the lease if nobody holds it; null when somebody else does.</summary>
    public static async Task<Leadership?> TryTakeAsync(
        ServiceDatabase database, Mode mode, Guid holder, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE deposits.watcher
            SET holder = @holder, epoch = epoch + 1, leased_until = clock_timestamp() + make_interval(secs => @lease)
            WHERE mode = @mode AND leased_until < clock_timestamp()
            RETURNING epoch
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var epoch = await connection.QuerySingleOrDefaultAsync<long?>(
            sql, new { mode, holder, lease = LeaseSeconds }, cancellationToken);
        return epoch is { } term ? new Leadership(mode, holder, term) : null;
    }

    /// <summary>Extends the lease; returns the cursor.</summary>
    /// <exception cref="LeadershipLostException">Another process has taken over.</exception>
    public async Task<long> RenewAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<long?>(HoldSql, HoldParameters(null), cancellationToken)
            ?? throw new LeadershipLostException(this);
    }

    /// <summary>A transaction in which nobody else can take over.</summary>
    /// <exception cref="LeadershipLostException">Another process has taken over.</exception>
    public async Task<ServiceTransaction> BeginAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        var transaction = await database.BeginAsync(cancellationToken);
        try
        {
            await HoldAsync(transaction, null, cancellationToken);
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    /// <summary>Moves the cursor on; it never goes back.</summary>
    /// <exception cref="LeadershipLostException">Another process has taken over.</exception>
    public Task AdvanceAsync(ServiceTransaction transaction, long cursorLt, CancellationToken cancellationToken) =>
        HoldAsync(transaction, cursorLt, cancellationToken);

    /// <summary>Gives the lease up, so that another process needn't wait for its end.</summary>
    public async Task ReleaseAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE deposits.watcher SET leased_until = clock_timestamp()
            WHERE mode = @mode AND holder = @holder AND epoch = @epoch
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, new { mode = Mode, holder = Holder, epoch = Epoch }, cancellationToken);
    }

    private const string HoldSql =
        """
        UPDATE deposits.watcher
        SET leased_until = clock_timestamp() + make_interval(secs => @lease), cursor_lt = greatest(cursor_lt, @cursorLt)
        WHERE mode = @mode AND holder = @holder AND epoch = @epoch
        RETURNING cursor_lt
        """;

    private async Task HoldAsync(ServiceTransaction transaction, long? cursorLt, CancellationToken cancellationToken) =>
        _ = await transaction.QuerySingleOrDefaultAsync<long?>(HoldSql, HoldParameters(cursorLt), cancellationToken)
            ?? throw new LeadershipLostException(this);

    private object HoldParameters(long? cursorLt) =>
        new { mode = Mode, holder = Holder, epoch = Epoch, lease = LeaseSeconds, cursorLt = cursorLt ?? 0 };
}

/// <summary>The holder's term is over: nothing of what it was doing may be written.</summary>
internal sealed class LeadershipLostException(Leadership leadership)
    : Exception($"Another process reads the {leadership.Mode.Code} chain now; term {leadership.Epoch} is over.");
