using System.Diagnostics;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using Dapper;

namespace ArdorQr.Payments.Database;

/// <summary>What a posted debit makes of a payment, in all its tables.</summary>
/// <param name="Payment">The payment, confirming.</param>
/// <param name="Claim">Its submission, in the hands of whoever has recorded the debit if a lease was asked for.</param>
internal sealed record ConfirmedPayment(ChangedPayment Payment, SubmissionClaim Claim)
{
    /// <summary>Records in one round trip that the open attempt of a locked payment was posted.</summary>
    public static async Task<ConfirmedPayment> RecordAsync(
        ServiceTransaction transaction, PaymentRow payment, Guid operationId, Guid processingEventId,
        PaymentsOptions options, int leaseSeconds, CancellationToken cancellationToken)
    {
        PaymentStates.Require(payment.State, PaymentState.Confirming);
        const string sql =
            $"""
            {AttemptTable.PostSql};
            {PaymentTable.ConfirmSql};
            {SubmissionTable.AddSql};
            {TimelineTable.Sql}
            """;
        var parameters = TimelineTable.With(new
        {
            payment.PaymentId,
            payment.MerchantId,
            payment.Version,
            attemptId = payment.OpenAttemptId!.Value,
            operationId,
            processingEventId,
            cutOffSeconds = options.CutOffSeconds,
            reviewSeconds = options.ReviewSeconds,
            leaseSeconds,
            traceparent = Activity.Current?.Id,
        });
        await using var results = await transaction.Connection.QueryMultipleAsync(
            transaction.Command(sql, parameters, cancellationToken));
        var row = await results.ReadSingleAsync<PaymentRow>();
        var claim = await results.ReadSingleAsync<SubmissionClaim>();
        return new ConfirmedPayment(new ChangedPayment(row, [.. await results.ReadAsync<TimelineRow>()]), claim);
    }
}
