using System.Globalization;
using ArdorQr.Chaos.Check;

namespace ArdorQr.Chaos;

/// <summary>The command line of <c>./chaos</c>.</summary>
internal sealed record ChaosOptions
{
    /// <summary>How long new work is begun and harm is done, at most.</summary>
    public double Minutes { get; init; } = 10;

    /// <summary>Decides the plan of the faults, the sums, the codes and the endings.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>
    /// No payment is begun beyond so many, but where fewer than the least kills were done under them.
    /// </summary>
    public int Payments { get; init; } = 10_000;

    public int Deposits { get; init; } = 1_000;

    /// <summary>Null is by the run's length; likewise the other two.</summary>
    public int? LeastKills { get; init; }

    public int? LeastPayments { get; init; }

    public int? LeastDeposits { get; init; }

    /// <summary>What must have been done for a verdict.</summary>
    public Least Least
    {
        get
        {
            var usual = Least.Of(Minutes);
            return usual with
            {
                Kills = LeastKills ?? usual.Kills,
                Payments = LeastPayments ?? usual.Payments,
                Deposits = LeastDeposits ?? usual.Deposits,
            };
        }
    }

    /// <summary>Of every service.</summary>
    public int Replicas { get; init; } = 2;

    /// <summary>Whether Payments seals what it stores: not where a release runs that can't read it.</summary>
    public bool SealsRows { get; init; } = true;

    public int Merchants { get; init; } = 6;

    /// <summary>Clients that pay at once; to every eight of them one deposits.</summary>
    public int Workers { get; init; } = 8;

    /// <summary>What each of them waits from one payment to the next.</summary>
    public TimeSpan PaymentPause { get; init; } = TimeSpan.Zero;

    public TimeSpan DepositPause { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>The mean time from one fault to the next; 0 is no fault at all.</summary>
    public double FaultSeconds { get; init; } = 5;

    /// <summary>How long all may take to come to rest after the last fault.</summary>
    public TimeSpan RestLimit { get; init; } = TimeSpan.FromMinutes(8);

    /// <summary>What is falsified after the run, to see that the checker finds it.</summary>
    public IReadOnlyList<string> Plants { get; init; } = [];

    public static string Usage { get; } =
        """
        Usage: ./chaos [--minutes N] [--seed S] [--payments N] [--deposits N] [--replicas N] [--merchants N]
                       [--workers N] [--fault-seconds N] [--least-kills N] [--least-payments N]
                       [--least-deposits N] [--plant double-refund|lost-event|double-submit]...
          --minutes        how long the load and the faults go on, 10 unless given
          --seed           decides the plan of the faults and the clients' choices, 1 unless given
          --payments       ends the load sooner, 10000 unless given; --deposits likewise, 1000
          --replicas       of every service, 2 unless given
          --fault-seconds  the mean time from one fault to the next, 5 unless given; 0 for none
          --least-kills    below so many there is no verdict; from 15 minutes on 50, otherwise 2 a minute unless given
          --least-payments likewise, 10000 or 60 a minute; --least-deposits, 1000 or 10 a minute
          --plant          falsifies the outcome of the run; the verdict must be red, and for that
        Exits with 0 when everything is proven; with 1 on a breach; with 2 when the run itself failed, too little was
        done to prove anything, or a plant was not found.
        """;

    /// <summary>Null when the command line isn't one.</summary>
    public static ChaosOptions? Parse(IReadOnlyList<string> args)
    {
        var options = new ChaosOptions();
        for (var index = 0; index < args.Count; index += 2)
        {
            if (index + 1 == args.Count || options.With(args[index], args[index + 1]) is not { } next)
            {
                return null;
            }

            options = next;
        }

        return options;
    }

    private ChaosOptions? With(string name, string value)
    {
        if (name == "--plant")
        {
            return Plant.Names.Contains(value) ? this with { Plants = [.. Plants, value] } : null;
        }

        if (!double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > int.MaxValue)
        {
            return null;
        }

        return name switch
        {
            "--minutes" => this with { Minutes = number },
            "--seed" => this with { Seed = (int)number },
            "--payments" => this with { Payments = (int)number },
            "--deposits" => this with { Deposits = (int)number },
            "--replicas" when number >= 1 => this with { Replicas = (int)number },
            "--merchants" when number >= 1 => this with { Merchants = (int)number },
            "--workers" when number >= 1 => this with { Workers = (int)number },
            "--fault-seconds" => this with { FaultSeconds = number },
            "--least-kills" => this with { LeastKills = (int)number },
            "--least-payments" => this with { LeastPayments = (int)number },
            "--least-deposits" => this with { LeastDeposits = (int)number },
            _ => null,
        };
    }
}
