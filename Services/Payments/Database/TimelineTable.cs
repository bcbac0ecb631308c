using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>A row of <c>payments.timeline</c>: a state that the payment took, or a turn with the rail.</summary>
internal sealed record TimelineRow
{
    public DateTimeOffset At { get; init; }

    public string? State { get; init; }

    public int? Turn { get; init; }

    public string? Action { get; init; }

    public string? Answer { get; init; }
}

/// <summary>What became of a payment, as the triggers of its tables wrote it down.</summary>
internal static class TimelineTable
{
    /// <summary>A rail that is silent for a day is asked some 1,450 times: the first turns tell little then.</summary>
    public const int MaxTurns = 100;

    // All states and the last turns with the rail, in the order in which they were written.
    private const string Sql =
        """
        SELECT at, state, turn, action, answer FROM payments.timeline
        WHERE payment_id = @paymentId AND (state IS NOT NULL OR turn > (
            SELECT coalesce(max(turn), 0) FROM payments.timeline WHERE payment_id = @paymentId) - @MaxTurns)
        ORDER BY entry_id
        """;

    public static async Task<IReadOnlyList<TimelineRow>> ReadAsync(
        NpgsqlConnection connection, Guid paymentId, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<TimelineRow>(Sql, new { paymentId, MaxTurns }, cancellationToken)];

    /// <summary>With what this transaction itself has done.</summary>
    public static async Task<IReadOnlyList<TimelineRow>> ReadAsync(
        ServiceTransaction transaction, Guid paymentId, CancellationToken cancellationToken) =>
        [.. await transaction.QueryAsync<TimelineRow>(Sql, new { paymentId, MaxTurns }, cancellationToken)];
}
