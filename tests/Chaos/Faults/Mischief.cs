using ArdorQr.Chaos.Hosting;

namespace ArdorQr.Chaos.Faults;

/// <summary>
/// Carries a plan out, and heals everything at its end. A target that still suffers waits for its next fault.
/// </summary>
internal sealed class Mischief(House house, Action<string> report)
{
    private readonly Dictionary<string, SemaphoreSlim> _turns = [];
    private int _kills;
    private int _done;

    /// <summary>SIGKILLs so far.</summary>
    public int Kills => Volatile.Read(ref _kills);

    public int Done => Volatile.Read(ref _done);

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
            Interlocked.Increment(ref _done);
            switch (fault.Target)
            {
                case FaultPlan.Postgres:
                    await HarmAsync(
                        fault, house.Postgres.Process, () => house.Postgres.ReadyAsync(cancellationToken),
                        cancellationToken);
                    break;
                case FaultPlan.Rabbit:
                    await HarmAsync(
                        fault, house.Rabbit.Process, () => house.Rabbit.ReadyAsync(cancellationToken),
                        cancellationToken);
                    break;
                default:
                    await HarmAsync(
                        fault, house.Replicas.Single(replica => replica.Name == fault.Target), cancellationToken);
                    break;
            }
        }
        finally
        {
            _turns[fault.Target].Release();
        }
    }

    private async Task HarmAsync(
        Fault fault, ServerProcess process, Func<Task> ready, CancellationToken cancellationToken)
    {
        switch (fault.Harm)
        {
            case Harm.Freeze:
                process.Freeze();
                await Task.Delay(fault.For, cancellationToken);
                process.Thaw();
                return;
            case Harm.Kill:
                Interlocked.Increment(ref _kills);
                await process.KillAsync(cancellationToken);
                break;
            default:
                await process.StopAsync(cancellationToken);
                break;
        }

        await Task.Delay(fault.For, cancellationToken);
        process.Start();
        await ready();
    }

    private async Task HarmAsync(Fault fault, Replica replica, CancellationToken cancellationToken)
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
                await HarmAsync(fault, replica.Process, () => Task.CompletedTask, cancellationToken);
                return;
        }

        await Task.Delay(fault.For, cancellationToken);
        link.Restore();
    }
}
