using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>What must have been done in a run at least: below it, nothing is proven by what wasn't found.</summary>
/// <param name="Kills">SIGKILLs that met a running program.</param>
/// <param name="Payments">That the API answered, be it by a refusal.</param>
/// <param name="Deposits">That the API promised.</param>
/// <param name="Races">Codes for which several payments were confirmed at once, and one refused for another.</param>
internal sealed record Least(int Kills, int Payments, int Deposits, int Races)
{
    /// <summary>From so many minutes on a run is of the long form.</summary>
    public const double LongMinutes = 15;

    private const double KillsPerMinute = 2;
    private const double PaymentsPerMinute = 60;
    private const double DepositsPerMinute = 10;

    private static readonly Least Long = new(Kills: 50, Payments: 10_000, Deposits: 1_000, Races: 50);

    /// <summary>What is demanded of a run of this length, unless its caller demands something else.</summary>
    public static Least Of(double minutes) => minutes >= LongMinutes
        ? Long
        : new Least(
            AtLeastOne(minutes * KillsPerMinute), AtLeastOne(minutes * PaymentsPerMinute),
            AtLeastOne(minutes * DepositsPerMinute), Races: 1);

    /// <summary>Empty when enough was done; otherwise each thing that was done too little, with its numbers.</summary>
    public IReadOnlyList<string> Wanting(Journal journal)
    {
        (string What, int Done, int Wanted)[] all =
        [
            ("kills", journal.Kills, Kills),
            ("payments", journal.Payments.Count(payment => payment.Id is not null || payment.Refusal is not null), Payments),
            ("deposits", journal.Deposits.Count(deposit => deposit.TxHash is not null), Deposits),
            ("races", RacesOf(journal), Races),
        ];
        return [.. all.Where(each => each.Done < each.Wanted).Select(each => $"{each.Done} of {each.Wanted} {each.What}")];
    }

    /// <summary>Codes that one payment was refused for another's sake.</summary>
    public static int RacesOf(Journal journal) =>
        journal.Payments.Where(payment => payment.IsDuplicate).Select(payment => payment.Code).Distinct().Count();

    private static int AtLeastOne(double number) => Math.Max(1, (int)number);
}
