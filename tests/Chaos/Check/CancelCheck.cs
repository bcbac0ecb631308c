using ArdorQr.Chaos.Hosting;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// A payment is given up only as the design says: when the rail has never seen it by the cut-off. That is where the
/// submission is lost on purpose; otherwise only where something on its way was harmed meanwhile, and that is rare.
/// </summary>
internal static class CancelCheck
{
    private const string Kind = "cancel";

    /// <summary>The ending whose submissions the rail loses.</summary>
    private const int NeverArrives = 8;

    /// <summary>Of what the rail hasn't lost on purpose, so much may be given up; and so many in the smallest run.</summary>
    private const int MostPercent = 2;
    private const int AlwaysAllowed = 10;

    /// <summary>What was ended starts again, and a lease of who was stopped runs out.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan CutOff = TimeSpan.FromSeconds(House.CutOffSeconds);

    /// <summary>What is on the way from an answered confirm to the rail.</summary>
    private static readonly HashSet<string> OnTheWay = ["payments", "ledger", "sandbox", "postgres"];

    public static void Run(Evidence evidence, Findings findings)
    {
        var payments = evidence.Journal.Payments.Where(payment => payment.Id is not null)
            .ToDictionary(payment => payment.Id!.Value);
        var (delayed, all) = (0, 0);
        foreach (var transfer in evidence.Truth.Rail)
        {
            if (payments.GetValueOrDefault(transfer.Id) is not { ConfirmSentAt: { } confirmedAt } payment)
            {
                continue; // A breach of another kind.
            }

            var isLost = payment.Ending == NeverArrives;
            all += isLost ? 0 : 1;
            if (transfer.CancelledAt is not { } cancelledAt)
            {
                continue;
            }

            delayed += isLost ? 0 : 1;
            findings.Expect(
                cancelledAt - confirmedAt >= CutOff, Kind,
                () => $"{transfer.Id} was given up {(cancelledAt - confirmedAt).TotalSeconds:F1} s after its confirm");
            findings.Expect(
                isLost || IsExcused(evidence.Journal, confirmedAt, cancelledAt), Kind,
                () => $"{transfer.Id} of {payment.AmountMinor} was given up, and nothing had delayed it");
        }

        var most = AlwaysAllowed + (all * MostPercent / 100);
        findings.Expect(delayed <= most, Kind, () => $"{delayed} of {all} payments were given up, {most} may be");
        findings.Holds($"{delayed} of {all} payments that the rail would have taken were given up after a fault");
    }

    private static bool IsExcused(Journal journal, DateTimeOffset from, DateTimeOffset until) =>
        journal.Harms.Any(harm =>
            OnTheWay.Contains(harm.Service) && harm.From <= until && harm.Until + Recovery >= from);
}
