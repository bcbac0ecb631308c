using System.Collections.Concurrent;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;

namespace ArdorQr.Payments.Features;

/// <summary>The job that takes due payments to the rail: at once when woken, by polling as the net.</summary>
internal sealed partial class ExecutePayments(
    ServiceDatabase database, ExecutePayment turn, ExecutorSignal signal, TimeProvider time,
    ILogger<ExecutePayments> logger)
    : BackgroundService
{
    private const int MaxConcurrentTurns = 32;
    private const int MaxClaims = 16;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _slots = new(MaxConcurrentTurns);
    private readonly ConcurrentDictionary<Guid, int> _turnsByMerchant = [];
    private readonly Setbacks _setbacks = new(logger, "Claiming due payments");

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
                // Turns that were begun end; each is bounded by its calls' time-outs.
                await _slots.WaitAsync(CancellationToken.None);
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

            _setbacks.Over();
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(_setbacks.After(exception), time, stoppingToken); // The rows stay due.
        }
    }

    /// <summary>One statement claims for all free slots: under load a claim is not a commit of its own.</summary>
    private async Task<bool> StartNextAsync(CancellationToken stoppingToken)
    {
        await _slots.WaitAsync(stoppingToken);
        var slots = 1;
        while (slots < MaxClaims && _slots.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            slots++;
        }

        IReadOnlyList<SubmissionClaim> claims = [];
        try
        {
            await using var connection = await database.OpenAsync(stoppingToken);
            claims = await SubmissionTable.ClaimAsync(
                connection, slots, turn.LeaseSeconds, [.. _turnsByMerchant], stoppingToken);
        }
        finally
        {
            if (claims.Count < slots)
            {
                _slots.Release(slots - claims.Count);
            }
        }

        foreach (var claim in claims)
        {
            _turnsByMerchant.AddOrUpdate(claim.MerchantId, 1, static (_, turns) => turns + 1);
            _ = TakeTurnAsync(claim);
        }

        return claims.Count > 0;
    }

    private void EndTurn(Guid merchantId)
    {
        // Removed at zero, so that the table is as long as the turns that run.
        if (_turnsByMerchant.AddOrUpdate(merchantId, 0, static (_, turns) => turns - 1) == 0)
        {
            _turnsByMerchant.TryRemove(KeyValuePair.Create(merchantId, 0));
        }

        _slots.Release();
        signal.Wake(); // What this merchant had to leave may go now.
    }

    private async Task TakeTurnAsync(SubmissionClaim claim)
    {
        try
        {
            await turn.RunAsync(claim, CancellationToken.None);
        }
        catch (Exception exception)
        {
            // Nothing was recorded; the lease runs out and the row is due again.
            LogTurnFailed(claim.PaymentId, exception);
        }
        finally
        {
            EndTurn(claim.MerchantId);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "A turn for payment {PaymentId} failed; it is due again when its lease has run out")]
    private partial void LogTurnFailed(Guid paymentId, Exception exception);
}
