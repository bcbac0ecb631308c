using ArdorQr.Chaos.Hosting;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Faults;

/// <summary>
/// Carries a plan out, and heals everything at its end. A target that still suffers waits for its next fault. What was
/// done is in the journal.
/// </summary>
internal sealed class Mischief(House house, Journal journal, Action<string> report)
{
    private readonly Dictionary<string, SemaphoreSlim> _turns = [];

    /// <param name="plan">By time.</param>
    /// <param name="enough">Begins no more faults; what is under way is finished.</param>
    /// <param name="cancellationToken">The limit of the whole run.</param>
    public async Task RunAsync(IReadOnlyList<Fault> plan, CancellationToken enough, CancellationToken cancellationToken)
    {
        foreach (var target in plan.Select(fault => fault.Target).Distinct())
        {
            _turns[target] = new SemaphoreSlim(1);
        }

        var running = new List<Task>();
        var now = TimeSpan.Zero;
        foreach (var fault in plan)
        {
            try
            {
                await Task.Delay(fault.At - now, enough);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                break;
            }

            now = fault.At;
            running.Add(DoAsync(fault, enough, cancellationToken));
        }

        await Task.WhenAll(running);
    }

    private async Task DoAsync(Fault fault, CancellationToken enough, CancellationToken cancellationToken)
    {
        await _turns[fault.Target].WaitAsync(cancellationToken);
        try
        {
            if (enough.IsCancellationRequested)
            {
                return;
            }

            report($"fault {fault}");
            var began = TimeProvider.System.GetUtcNow();
            var isMet = fault.Target switch
            {
                FaultPlan.Postgres => await HarmAsync(
                    fault, house.Postgres.Process, () => house.Postgres.ReadyAsync(cancellationToken), cancellationToken),
                FaultPlan.Rabbit => await HarmAsync(
                    fault, house.Rabbit.Process, () => house.Rabbit.ReadyAsync(cancellationToken), cancellationToken),
                _ => await HarmAsync(
                    fault, house.Replicas.Single(replica => replica.Name == fault.Target), cancellationToken),
            };
            journal.Harms.Enqueue(
                new HarmDone(fault.Target, fault.Harm, began, TimeProvider.System.GetUtcNow(), isMet));
        }
        finally
        {
            _turns[fault.Target].Release();
        }
    }

    /// <returns>Whether there was a running program to harm.</returns>
    private static async Task<bool> HarmAsync(
        Fault fault, ServerProcess process, Func<Task> ready, CancellationToken cancellationToken)
    {
        bool isMet;
        switch (fault.Harm)
        {
            case Harm.Freeze:
                isMet = process.Freeze();
                await Task.Delay(fault.For, cancellationToken);
                process.Thaw();
                return isMet;
            case Harm.Kill:
                isMet = await process.KillAsync(cancellationToken);
                break;
            default:
                isMet = process.IsRunning;
                await process.StopAsync(cancellationToken);
                break;
        }

        await Task.Delay(fault.For, cancellationToken);
        process.Start();
        await ready();
        return isMet;
    }

    private static async Task<bool> HarmAsync(Fault fault, Replica replica, CancellationToken cancellationToken)
    {
        var link = fault.Harm is Harm.CutDatabase or Harm.SilenceDatabase ? replica.DatabaseLink : replica.BrokerLink;
        switch (fault.Harm)
        {
            case Harm.CutDatabase or Harm.CutBroker:
                link.Cut();
                break;
            case Harm.SilenceDatabase or Harm.SilenceBroker:
                link.Silence();
                break;
            default:
                // Its servers may be away themselves: it need not be ready, only started.
                return await HarmAsync(fault, replica.Process, () => Task.CompletedTask, cancellationToken);
        }

        var isMet = replica.Process.IsRunning;
        await Task.Delay(fault.For, cancellationToken);
        link.Restore();
        return isMet;
    }
}
