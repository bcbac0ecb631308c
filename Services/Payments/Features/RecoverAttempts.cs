using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The job that finishes what a confirm left open (a crash, Ledger away): Ledger is asked by the attempt's id. Posted
/// goes on; an id that it has never seen is sent again while the payment lives and its code is free, and voided after.
/// </summary>
internal sealed class RecoverAttempts(
    IServiceScopeFactory scopes, RecoveryGate gate, TimeProvider time, ILogger<RecoverAttempts> logger)
    : RepeatedJob(Interval, "Recovery of open attempts", time, logger)
{
    private const int MaxBatch = 50;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await gate.WaitOpenAsync(cancellationToken); // After a restore, what the rail knows of comes first.
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<AttemptRecovery>().RunDueAsync(MaxBatch, cancellationToken);
    }
}

/// <summary>One round of recovery.</summary>
internal sealed partial class AttemptRecovery(
    ServiceDatabase database, LedgerClient ledger, DebitPayment debit, ILogger<AttemptRecovery> logger)
{
    /// <summary>Takes up every attempt that is due; returns how many.</summary>
    public async Task<int> RunDueAsync(int limit, CancellationToken cancellationToken)
    {
        IReadOnlyList<DueAttempt> due;
        await using (var connection = await database.OpenAsync(cancellationToken))
        {
            due = await AttemptTable.ClaimDueAsync(connection, limit, cancellationToken);
        }

        foreach (var attempt in due)
        {
            try
            {
                await RecoverAsync(attempt, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // One attempt's fault delays no other.
                LogAttemptFailed(attempt.AttemptId, attempt.PaymentId, exception);
            }
        }

        return due.Count;
    }

    private async Task RecoverAsync(DueAttempt attempt, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var payment = await connection.QuerySingleAsync<PaymentRow>(
            $"SELECT {PaymentRow.Columns} FROM payments.payment WHERE payment_id = @PaymentId",
            attempt, cancellationToken);
        await connection.CloseAsync(); // Not held during the calls to Ledger.

        var answer = await ledger.FindAsync(attempt.AttemptId, cancellationToken);
        var outcome = answer is DebitAnswer.Absent
            ? await debit.RunAsync(payment, attempt.AttemptId, attempt.MayDebit, KeepNothingAsync, cancellationToken)
            : await debit.RecordAsync(payment, attempt.AttemptId, answer, KeepNothingAsync, cancellationToken);
        LogRecovered(attempt.AttemptId, attempt.PaymentId, outcome.GetType().Name);
    }

    private static Task KeepNothingAsync(ServiceTransaction transaction, PaymentRow payment) => Task.CompletedTask;

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Attempt {AttemptId} of payment {PaymentId} was left open; taken up: {Outcome}")]
    private partial void LogRecovered(Guid attemptId, Guid paymentId, string outcome);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Attempt {AttemptId} of payment {PaymentId} could not be taken up; it is due again")]
    private partial void LogAttemptFailed(Guid attemptId, Guid paymentId, Exception exception);
}
