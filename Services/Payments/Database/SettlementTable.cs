using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>The rows of <c>payments.settlement</c>: what operators have ended by hand.</summary>
internal static class SettlementTable
{
    public static Task AddAsync(
        ServiceTransaction transaction, Guid paymentId, string outcome, string reason, string railAnswer,
        CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(
            """
            INSERT INTO payments.settlement (payment_id, outcome, reason, rail_answer)
            VALUES (@paymentId, @outcome, @reason, @railAnswer)
            """,
            new { paymentId, outcome, reason, railAnswer }, cancellationToken);

    /// <summary>The outcome that an operator has given the payment; null when none has.</summary>
    public static Task<string?> OutcomeAsync(
        NpgsqlConnection connection, Guid paymentId, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<string>(
            "SELECT outcome FROM payments.settlement WHERE payment_id = @paymentId",
            new { paymentId }, cancellationToken);

    /// <summary>
    /// The rail's final word is another than the operator's: a person must look. The merchant sees no change.
    /// </summary>
    /// <returns>When, by the database's clock.</returns>
    public static async Task<DateTimeOffset> ContradictAsync(
        ServiceTransaction transaction, Guid paymentId, string railAnswer, CancellationToken cancellationToken)
    {
        const string noteSql =
            """
            UPDATE payments.settlement SET contradicted_by = @railAnswer, contradicted_at = clock_timestamp()
            WHERE payment_id = @paymentId
            RETURNING contradicted_at
            """;
        const string flagSql =
            """
            UPDATE payments.payment
            SET review = true, review_reason = 'rail_contradicts_settlement', version = version + 1,
                changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')
            WHERE payment_id = @paymentId
            """;
        await transaction.ExecuteAsync(flagSql, new { paymentId }, cancellationToken);
        return await transaction.QuerySingleAsync<DateTimeOffset>(
            noteSql, new { paymentId, railAnswer }, cancellationToken);
    }

    /// <summary>An operator has seen the contradiction to its end; false when there is none, or it is cleared.</summary>
    public static async Task<bool> TryClearAsync(
        ServiceTransaction transaction, Guid paymentId, string reason, CancellationToken cancellationToken)
    {
        const string noteSql =
            """
            UPDATE payments.settlement SET cleared_reason = @reason, cleared_at = clock_timestamp()
            WHERE payment_id = @paymentId AND contradicted_at IS NOT NULL AND cleared_at IS NULL
            """;
        const string unflagSql =
            """
            UPDATE payments.payment
            SET review = false, review_reason = NULL, version = version + 1,
                changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')
            WHERE payment_id = @paymentId AND review_reason = 'rail_contradicts_settlement'
            """;
        if (await transaction.ExecuteAsync(noteSql, new { paymentId, reason }, cancellationToken) == 0)
        {
            return false;
        }

        await transaction.ExecuteAsync(unflagSql, new { paymentId }, cancellationToken);
        return true;
    }

    /// <summary>Whether the payment's contradiction was cleared before.</summary>
    public static Task<bool> IsClearedAsync(
        ServiceTransaction transaction, Guid paymentId, CancellationToken cancellationToken) =>
        transaction.QuerySingleAsync<bool>(
            "SELECT EXISTS (SELECT FROM payments.settlement WHERE payment_id = @paymentId AND cleared_at IS NOT NULL)",
            new { paymentId }, cancellationToken);
}
