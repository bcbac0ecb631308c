using ArdorQr.ServiceDefaults.Database;
using Dapper;
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

    /// <summary>All states and the last turns with the rail, in the order in which they were written.</summary>
    public const string Sql =
        """
        SELECT at, state, turn, action, answer FROM payments.timeline
        WHERE payment_id = @PaymentId AND (state IS NOT NULL OR turn > (
            SELECT coalesce(max(turn), 0) FROM payments.timeline WHERE payment_id = @PaymentId) - @MaxTurns)
        ORDER BY entry_id
        """;

    /// <summary>A statement's parameters, with those that <see cref="Sql"/> behind it needs besides.</summary>
    /// <param name="parameters">They have a <c>PaymentId</c>.</param>
    public static DynamicParameters With(object parameters)
    {
        var all = new DynamicParameters(parameters);
        all.Add(nameof(MaxTurns), MaxTurns);
        return all;
    }

    public static async Task<IReadOnlyList<TimelineRow>> ReadAsync(
        NpgsqlConnection connection, Guid paymentId, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<TimelineRow>(Sql, With(new { PaymentId = paymentId }), cancellationToken)];
}
