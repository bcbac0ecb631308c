namespace ArdorQr.Chaos.Faults;

/// <summary>What can be done to a process or to its links.</summary>
internal enum Harm
{
    /// <summary>SIGKILL; started again after the duration.</summary>
    Kill,

    /// <summary>SIGSTOP; goes on after the duration.</summary>
    Freeze,

    /// <summary>SIGTERM; started again after the duration.</summary>
    Restart,

    /// <summary>The connections to the database are reset and refused for the duration.</summary>
    CutDatabase,

    /// <summary>The connections to the database stay open, and nothing arrives for the duration.</summary>
    SilenceDatabase,

    CutBroker,

    SilenceBroker,
}

/// <summary>One thing that is done.</summary>
/// <param name="At">Since the plan's beginning.</param>
/// <param name="Target">A replica ("ledger-1"), "postgres" or "rabbitmq".</param>
/// <param name="Harm">What.</param>
/// <param name="For">For how long.</param>
internal sealed record Fault(TimeSpan At, string Target, Harm Harm, TimeSpan For)
{
    public override string ToString() => $"{At.TotalSeconds,6:F1} s  {Target,-11} {Harm} for {For.TotalSeconds:F1} s";
}

/// <summary>One thing that was done.</summary>
/// <param name="Target">As in the plan.</param>
/// <param name="Harm">What.</param>
/// <param name="From">When it began.</param>
/// <param name="Until">When it was over; a program that was ended is only about to start then.</param>
/// <param name="IsMet">Whether there was anything to harm: a program that ran.</param>
internal sealed record HarmDone(string Target, Harm Harm, DateTimeOffset From, DateTimeOffset Until, bool IsMet)
{
    /// <summary>"ledger" of "ledger-1".</summary>
    public string Service => Target.Split('-')[0];
}

/// <summary>All faults of a run, fixed by its seed alone.</summary>
internal static class FaultPlan
{
    public const string Postgres = "postgres";
    public const string Rabbit = "rabbitmq";

    /// <summary>
    /// Of a hundred faults so many are the servers'; they hit everything at once, and take long to come back.
    /// </summary>
    private const int PostgresPercent = 12;
    private const int RabbitPercent = 6;

    private static readonly Harm[] ToServers = [Harm.Kill, Harm.Kill, Harm.Freeze, Harm.Restart];

    private static readonly Harm[] ToReplicas =
    [
        Harm.Kill, Harm.Kill, Harm.Kill, Harm.Kill, Harm.Kill, Harm.Freeze, Harm.Restart,
        Harm.CutDatabase, Harm.SilenceDatabase, Harm.CutBroker, Harm.SilenceBroker,
    ];

    public static IReadOnlyList<Fault> Make(
        int seed, TimeSpan length, double meanSeconds, IReadOnlyList<string> replicas)
    {
        var random = new Random(seed);
        var faults = new List<Fault>();
        if (meanSeconds <= 0)
        {
            return faults;
        }

        for (var at = meanSeconds; at < length.TotalSeconds; at += meanSeconds * (0.5 + random.NextDouble()))
        {
            var kind = random.Next(100);
            var (target, harms) = kind < PostgresPercent ? (Postgres, ToServers)
                : kind < PostgresPercent + RabbitPercent ? (Rabbit, ToServers)
                : (replicas[random.Next(replicas.Count)], ToReplicas);
            var harm = harms[random.Next(harms.Length)];
            faults.Add(new Fault(TimeSpan.FromSeconds(at), target, harm, Length(random, harm)));
        }

        return faults;
    }

    private static TimeSpan Length(Random random, Harm harm) => TimeSpan.FromSeconds(harm switch
    {
        Harm.Kill => random.NextDouble() * 2,
        Harm.Restart => random.NextDouble(),
        Harm.Freeze => 2 + (random.NextDouble() * 18), // Beyond leases and time-outs too.
        _ => 1 + (random.NextDouble() * 9),
    });
}
