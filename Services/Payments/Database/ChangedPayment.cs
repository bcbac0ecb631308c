using ArdorQr.ServiceDefaults.Database;
using Dapper;

namespace ArdorQr.Payments.Database;

/// <summary>A payment right after a change, with its timeline: what the change's event tells.</summary>
internal sealed record ChangedPayment(PaymentRow Row, IReadOnlyList<TimelineRow> Timeline)
{
    /// <summary>Makes the change and reads the timeline after it, in one round trip.</summary>
    /// <param name="transaction">Where the change is made.</param>
    /// <param name="sql">A statement that returns the one payment that it changes.</param>
    /// <param name="parameters">Its parameters, <c>PaymentId</c> among them.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public static async Task<ChangedPayment> ReadAsync(
        ServiceTransaction transaction, string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var results = await transaction.Connection.QueryMultipleAsync(transaction.Command(
            $"{sql};\n{TimelineTable.Sql}", TimelineTable.With(parameters), cancellationToken));
        return new ChangedPayment(await results.ReadSingleAsync<PaymentRow>(), [.. await results.ReadAsync<TimelineRow>()]);
    }
}
