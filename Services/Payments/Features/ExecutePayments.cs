using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The job that claims due payments and takes them to the rail: at once when woken, by polling as the net. What has
/// just been confirmed or called back is mostly taken by its own request, see <see cref="RailTurns"/>.
/// </summary>
internal sealed class ExecutePayments(
    ServiceDatabase database, ExecutePayment turn, RailTurns turns, HeldTurns held, ExecutorSignal signal, RecoveryGate gate,
    TimeProvider time, ILogger<ExecutePayments> logger)
    : BackgroundService
{
    private const int MaxClaims = 16;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    private readonly Setbacks _setbacks = new(logger, "Claiming due payments");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await gate.WaitOpenAsync(stoppingToken);
        turns.Open();
        held.Open();
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
            await turns.CloseAsync();
            await held.CloseAsync();
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
        var slots = await turns.TakeSlotsAsync(MaxClaims, stoppingToken);
        IReadOnlyList<SubmissionClaim> claims = [];
        try
        {
            await using var connection = await database.OpenAsync(stoppingToken);
            claims = await SubmissionTable.ClaimAsync(
                connection, slots, turn.LeaseSeconds, turns.ByMerchant, stoppingToken);
        }
        finally
        {
            turns.GiveBack(slots - claims.Count);
        }

        foreach (var claim in claims)
        {
            turns.Hold(claim.MerchantId).Start(claim.PaymentId, token => turn.RunAsync(claim, token));
        }

        return claims.Count > 0;
    }
}
