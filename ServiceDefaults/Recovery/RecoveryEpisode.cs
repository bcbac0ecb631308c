using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Recovery;

/// <summary>One recovery of this service's database, by the database's clock.</summary>
public sealed record RecoveryEpisode
{
    /// <summary>The time of the restored state.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>From when on nothing left any more.</summary>
    public DateTimeOffset BegunAt { get; init; }

    /// <summary>When the last round began that left nothing open; null when none did yet.</summary>
    public DateTimeOffset? MatchedAt { get; init; }

    /// <summary>What the last round left open; null for nothing.</summary>
    public string? WaitsFor { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? EndedBy { get; init; }

    public string? Reason { get; init; }
}

/// <summary>The rows of <c>recovery.episode</c>.</summary>
internal static class RecoveryEpisodes
{
    private const string Columns = "since, begun_at, matched_at, waits_for, ended_at, ended_by, reason";

    /// <summary>The episode of this restore; the first to ask begins it.</summary>
    public static async Task<RecoveryEpisode> BeginAsync(
        NpgsqlConnection connection, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(
            "INSERT INTO recovery.episode (since) VALUES (@since) ON CONFLICT DO NOTHING", new { since }, cancellationToken);
        return (await FindAsync(connection, since, cancellationToken))!;
    }

    public static Task<RecoveryEpisode?> FindAsync(
        NpgsqlConnection connection, DateTimeOffset since, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<RecoveryEpisode>(
            $"SELECT {Columns} FROM recovery.episode WHERE since = @since", new { since }, cancellationToken);

    /// <summary>The database's time, at which a round begins.</summary>
    public static Task<DateTimeOffset> NowAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<DateTimeOffset>("SELECT clock_timestamp()", null, cancellationToken);

    /// <summary>A round has ended; it counts when it left nothing open.</summary>
    public static Task<int> RecordAsync(
        NpgsqlConnection connection, DateTimeOffset since, DateTimeOffset roundAt, string? waitsFor,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE recovery.episode
            SET waits_for = @waitsFor,
                matched_at = CASE WHEN @waitsFor::text IS NULL THEN greatest(matched_at, @roundAt) ELSE matched_at END
            WHERE since = @since AND ended_at IS NULL
            """;
        return connection.ExecuteAsync(sql, new { since, roundAt, waitsFor }, cancellationToken);
    }

    /// <summary>Ends the episode if its last round left nothing open, once; the row as it is then.</summary>
    public static async Task<RecoveryEpisode?> EndAsync(
        NpgsqlConnection connection, DateTimeOffset since, string by, string reason, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE recovery.episode SET ended_at = clock_timestamp(), ended_by = @by, reason = @reason
            WHERE since = @since AND ended_at IS NULL AND matched_at IS NOT NULL AND waits_for IS NULL
            """;
        await connection.ExecuteAsync(sql, new { since, by, reason }, cancellationToken);
        return await FindAsync(connection, since, cancellationToken);
    }
}
