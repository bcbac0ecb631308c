using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Deposits.Database;

/// <summary>
/// The rows of <c>deposits.rate</c>: the rate that was credited with last, by which the next one is judged.
/// </summary>
internal static class AcceptedRates
{
    /// <param name="Rate">Null before the first.</param>
    /// <param name="AcceptedAt">When a deposit was credited with it.</param>
    /// <param name="Now">The database's clock.</param>
    internal sealed record Last(UsdtRate? Rate, DateTimeOffset? AcceptedAt, DateTimeOffset Now);

    private sealed record Row(long? RateMicros, DateTimeOffset? AcceptedAt, DateTimeOffset Now);

    public static async Task<Last> LastAsync(
        NpgsqlConnection connection, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT rate_micros, accepted_at, clock_timestamp() AS now
            FROM (SELECT 1) AS always LEFT JOIN deposits.rate ON mode = @mode
            """;
        var row = await connection.QuerySingleAsync<Row>(sql, new { mode }, cancellationToken);
        return new(row.RateMicros is { } micros ? UsdtRate.FromMicros(micros) : null, row.AcceptedAt, row.Now);
    }

    public static Task StoreAsync(
        ServiceTransaction transaction, Mode mode, AcceptedRate rate, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO deposits.rate (mode, rate_micros, rate_at, accepted_at)
            VALUES (@mode, @rate, @at, clock_timestamp())
            ON CONFLICT (mode) DO UPDATE
            SET rate_micros = excluded.rate_micros, rate_at = excluded.rate_at, accepted_at = excluded.accepted_at
            """;
        return transaction.ExecuteAsync(sql, new { mode, rate = rate.Rate.Micros, at = rate.At }, cancellationToken);
    }
}
