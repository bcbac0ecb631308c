using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// A single-use code is paid once, whoever else tries for it; who is refused for another's sake pays nothing, and there
/// is that other.
/// </summary>
internal static class CodeCheck
{
    /// <summary>A code was paid twice.</summary>
    public const string Kind = "code";

    /// <summary>Of those that tried for one, the wrong ones were refused.</summary>
    private const string Race = "race";

    private const int PaidElsewhere = 4;
    private const string AlreadyPaid = "qr_already_paid";

    public static void Run(Evidence evidence, Dictionary<Guid, RailTransfer> rail, Findings findings)
    {
        var paid = evidence.Truth.Rail.Where(transfer => transfer is { CodeKey: not null, FailureReason: null })
            .GroupBy(transfer => transfer.CodeKey, transfer => transfer.Id);
        foreach (var code in paid)
        {
            findings.Expect(
                code.Count() == 1, Kind, () => $"one code was paid {code.Count()} times: {string.Join(", ", code)}");
        }

        var contended = evidence.Journal.Payments.GroupBy(payment => payment.Code)
            .Select(code => code.ToList()).Where(payments => payments.Count > 1).ToList();
        foreach (var payments in contended)
        {
            CheckContended(payments, rail, findings);
        }

        findings.Holds($"{contended.Count} codes that {contended.Sum(payments => payments.Count)} payments tried for, "
            + $"{contended.Sum(payments => payments.Count(payment => payment.IsDuplicate))} of them refused as duplicates");
    }

    private static void CheckContended(
        List<PaymentRecord> payments, Dictionary<Guid, RailTransfer> rail, Findings findings)
    {
        foreach (var payment in payments)
        {
            var others = payments.Where(other => other != payment).Select(other => TransferOf(other, rail)).ToList();
            if (payment is { IsDuplicate: true, IsConfirmed: false })
            {
                findings.Expect(
                    TransferOf(payment, rail) is null, Race,
                    () => $"{payment.Id} was refused as a duplicate, and is at the rail");
                findings.Expect(
                    others.Exists(other => other is not null), Race,
                    () => $"{payment.Id} was refused as a duplicate of nothing that came to the rail");
            }

            if (payment.Refusal == AlreadyPaid && payment.Ending != PaidElsewhere)
            {
                findings.Expect(
                    others.Exists(other => other?.Status == "completed"), Race,
                    () => $"{payment.Key} was refused as paid already, and nobody has paid its code");
            }
        }

        findings.Expect(
            !MustBePaid(payments, rail)
                || payments.Exists(payment => TransferOf(payment, rail) is { FailureReason: null }),
            Race, () => $"nobody has paid the code of {string.Join(", ", payments.Select(payment => payment.Id))}");
    }

    /// <summary>Somebody confirmed it in time, and neither the rail nor a cancellation refused it.</summary>
    private static bool MustBePaid(List<PaymentRecord> payments, Dictionary<Guid, RailTransfer> rail) =>
        RailTransfer.FailureOf(payments[0].Ending) is null
        && payments.Exists(payment => payment.ConfirmSentAt is not null)
        && !payments.Exists(payment => payment.IsExpired || TransferOf(payment, rail) is { IsCancelled: true });

    private static RailTransfer? TransferOf(PaymentRecord payment, Dictionary<Guid, RailTransfer> rail) =>
        payment.Id is { } id ? rail.GetValueOrDefault(id) : null;
}
