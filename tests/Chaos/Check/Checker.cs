using System.Text.Json;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// Computes from the clients' log and the Sandbox's truth what each merchant must have and must have been told, and
/// compares. It shares no code with the platform.
/// </summary>
internal sealed class Checker(Evidence evidence)
{
    private readonly Findings _findings = new();
    private readonly Dictionary<Guid, RailTransfer> _rail = evidence.Truth.Rail.ToDictionary(transfer => transfer.Id);

    public static Findings Check(Evidence evidence)
    {
        var checker = new Checker(evidence);
        checker.CheckRail();
        checker.CheckPayments();
        checker.CheckReview();
        CodeCheck.Run(evidence, checker._rail, checker._findings);
        CancelCheck.Run(evidence, checker._findings);
        WalletCheck.Run(evidence, checker._rail, checker._findings);
        ChainCheck.Run(evidence, checker._findings);
        EventCheck.Run(evidence, checker._rail, checker._findings);
        BooksCheck.Run(evidence, checker._findings);
        ReplayCheck.Run(evidence, checker._findings);
        foreach (var fault in evidence.Journal.Faults)
        {
            checker._findings.Breach("answer", fault);
        }

        return checker._findings;
    }

    /// <summary>One effect each: nothing is paid but a confirmed payment, under its id, with its sum.</summary>
    private void CheckRail()
    {
        var payments = evidence.Journal.Payments.Where(payment => payment.Id is not null)
            .ToDictionary(payment => payment.Id!.Value);
        foreach (var transfer in evidence.Truth.Rail)
        {
            if (!payments.TryGetValue(transfer.Id, out var payment))
            {
                _findings.Breach("rail", $"the rail has {transfer.Id}, which nobody ordered");
                continue;
            }

            _findings.Expect(
                payment.ConfirmSentAt is { } sent && sent <= (transfer.FirstSeenAt ?? transfer.CancelledAt), "rail",
                () => $"the rail had {transfer.Id} before a confirm was sent");
            _findings.Expect(
                transfer.IsCancelled || transfer.AmountMinor == payment.AmountMinor, "rail",
                () => $"{transfer.Id} was paid with {transfer.AmountMinor} instead of {payment.AmountMinor}");
        }

        var cancelled = evidence.Truth.Rail.Count(transfer => transfer.IsCancelled);
        _findings.Holds($"{evidence.Truth.Rail.Count} transfers at the rail, {cancelled} of them cancelled unseen");
    }

    private void CheckPayments()
    {
        var shown = evidence.Merchants.SelectMany(view => view.Payments)
            .ToDictionary(payment => payment.GetProperty("id").GetGuid());
        var statuses = new SortedDictionary<string, int>();
        foreach (var payment in evidence.Journal.Payments)
        {
            if (payment.Id is not { } id)
            {
                continue; // Refused, or already a fault of the journal.
            }

            _findings.Expect(
                Shopper.RefusalOf(payment.Ending) is null, "payment",
                () => $"{id} of {payment.AmountMinor} was taken, and its code can't be paid");

            if (!shown.Remove(id, out var view))
            {
                _findings.Breach("payment", $"{id} isn't listed");
                continue;
            }

            var status = view.GetProperty("status").GetString()!;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            CheckPayment(payment, view, status);
        }

        foreach (var id in shown.Keys)
        {
            _findings.Breach("payment", $"{id} is listed, and nobody began it");
        }

        var counts = string.Join(", ", statuses.Select(status => $"{status.Value} {status.Key}"));
        _findings.Holds($"{evidence.Journal.Payments.Count} payments begun: {counts}, "
            + $"{evidence.Journal.Payments.Count(payment => payment.Refusal is not null)} refused");
    }

    private void CheckPayment(PaymentRecord payment, JsonElement view, string status)
    {
        _findings.Expect(
            payment.SeenEnd is null || payment.SeenEnd == Shopper.EndOf(view), "payment",
            () => $"{payment.Id} was shown as {payment.SeenEnd}, and is {Shopper.EndOf(view) ?? status} now");
        if (!_rail.TryGetValue(payment.Id!.Value, out var transfer))
        {
            _findings.Expect(
                !payment.IsConfirmed, "payment",
                () => $"{payment.Id} was confirmed and never came to the rail; it is {status}");
            _findings.Expect(
                status is "resolved" or "expired", "payment",
                () => $"{payment.Id} is {status}, and the rail never heard of it");
            return;
        }

        _findings.Expect(
            status == transfer.Status, "payment",
            () => $"{payment.Id} is {status}; at the rail it is {transfer.Status}");
        _findings.Expect(
            view.GetProperty("failureReason").GetString() == transfer.FailureReason, "payment",
            () => $"{payment.Id} failed for {view.GetProperty("failureReason")} instead of {transfer.FailureReason}");
        _findings.Expect(
            view.GetProperty("amountMinor").GetInt64() == payment.AmountMinor, "payment",
            () => $"{payment.Id} shows another amount");
    }

    private void CheckReview()
    {
        var demanded = evidence.Truth.Rail.Where(transfer => transfer.IsOpen)
            .Select(transfer => transfer.Id).ToHashSet();
        foreach (var id in evidence.InReview.Where(id => !demanded.Contains(id)))
        {
            _findings.Breach("review", $"{id} is in review, and its outcome doesn't demand it");
        }

        foreach (var id in demanded.Except(evidence.InReview))
        {
            _findings.Breach("review", $"{id} ought to be in review");
        }

        _findings.Holds($"{evidence.InReview.Count} payments in review, {demanded.Count} demand it");
    }
}
