using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>The job that takes due payments to the rail: at once when woken, by polling as the net.</summary>
internal sealed partial class ExecutePayments(
    ServiceDatabase database, ExecutePayment turn, ExecutorSignal signal, TimeProvider time, ILogger<ExecutePayments> logger)
    : BackgroundService
{
    private const int MaxConcurrentTurns = 16;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _slots = new(MaxConcurrentTurns);

    public override void Dispose()
    {
        _slots.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await signal.WaitAsync(PollInterval, time, stoppingToken);
                await StartDueAsync(stoppingToken);
            }
        }
        finally
        {
            for (var slot = 0; slot < MaxConcurrentTurns; slot++)
            {
                await _slots.WaitAsync(CancellationToken.None); // Turns that were begun end; each is bounded by its calls' time-outs.
            }
        }
    }

    private async Task StartDueAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await StartNextAsync(stoppingToken))
            {
                // As long as something is due and a slot is free or becomes free.
            }
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogClaimFailed(exception); // The rows stay due; the next look takes them.
        }
    }

    private async Task<bool> StartNextAsync(CancellationToken stoppingToken)
    {
        await _slots.WaitAsync(stoppingToken);
        IReadOnlyList<SubmissionClaim> claims = [];
        try
        {
            await using var connection = await database.OpenAsync(stoppingToken);
            claims = await SubmissionTable.ClaimAsync(connection, limit: 1, turn.LeaseSeconds, stoppingToken);
        }
        finally
        {
            if (claims.Count == 0)
            {
                _slots.Release();
            }
        }

        foreach (var claim in claims)
        {
            _ = TakeTurnAsync(claim);
        }

        return claims.Count > 0;
    }

    private async Task TakeTurnAsync(SubmissionClaim claim)
    {
        try
        {
            await turn.RunAsync(claim, CancellationToken.None);
        }
        catch (Exception exception)
        {
            LogTurnFailed(claim.PaymentId, exception); // Nothing was recorded; the lease runs out and the row is due again.
        }
        finally
        {
            _slots.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Due payments could not be claimed; it will be tried again")]
    private partial void LogClaimFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "A turn for payment {PaymentId} failed; it is due again when its lease has run out")]
    private partial void LogTurnFailed(Guid paymentId, Exception exception);
}
