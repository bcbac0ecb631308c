using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Identity;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>What keys with a daily limit have left of their day, Europe/Moscow, by the database's clock.</summary>
internal static class KeyBudgets
{
    /// <summary>
    /// Reserves the sum of a new attempt on every budget; the budget that has no room for it is returned, and the
    /// transaction must not be committed then. The database releases what comes to no debit, or is given back.
    /// </summary>
    public static async Task<DailyBudget?> ReserveAsync(
        ServiceTransaction transaction, Guid attemptId, Kopecks total, IReadOnlyList<DailyBudget> budgets,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date AS day),
            reserved AS (
                INSERT INTO payments.key_day (budget_id, day, reserved_kopecks)
                SELECT @id, day, @total FROM today WHERE @total <= @limit
                ON CONFLICT (budget_id, day) DO UPDATE
                    SET reserved_kopecks = key_day.reserved_kopecks + excluded.reserved_kopecks
                    WHERE key_day.reserved_kopecks + excluded.reserved_kopecks <= @limit
                RETURNING budget_id, day)
            INSERT INTO payments.key_reservation (attempt_id, budget_id, day, kopecks)
            SELECT @attemptId, budget_id, day, @total FROM reserved
            """;
        foreach (var budget in budgets.OrderBy(budget => budget.Id.ToString(), StringComparer.Ordinal))
        {
            var (id, limit) = (budget.Id, budget.Limit.Value);
            if (await transaction.ExecuteAsync(
                sql, new { id, limit, total = total.Value, attemptId }, cancellationToken) == 0)
            {
                return budget;
            }
        }

        return null;
    }

    /// <summary>The first budget that has no room for the sum now; for a look ahead, it promises nothing.</summary>
    public static async Task<DailyBudget?> FullAsync(
        NpgsqlConnection connection, Kopecks total, IReadOnlyList<DailyBudget> budgets, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT budget_id, reserved_kopecks FROM payments.key_day
            WHERE budget_id = ANY(@ids) AND day = (clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date
            """;
        if (budgets.Count == 0)
        {
            return null;
        }

        var reserved = (await connection.QueryAsync<(Guid Id, long Kopecks)>(
            sql, new { ids = budgets.Select(budget => budget.Id).ToArray() }, cancellationToken)).ToDictionary();
        return budgets.FirstOrDefault(budget =>
            new Kopecks(reserved.GetValueOrDefault(budget.Id)) + total > budget.Limit);
    }
}
