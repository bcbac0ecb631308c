using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>The rail's word against an operator's: between two accounts of the house, beside every wallet.</summary>
internal sealed partial class Posting
{
    /// <summary>
    /// Whether the debit is closed already doesn't matter, as events come in any order; but not the other way.
    /// </summary>
    private Outcome Answer(TransferRequest.Discrepancy discrepancy)
    {
        if (_byId.TryGetValue(discrepancy.Id, out var first))
        {
            return Repeated(first, first.Kind == TransferKind.Discrepancy && first.Wallet == discrepancy.Wallet
                && first.AmountKopecks == discrepancy.Amount);
        }

        if (!_byId.TryGetValue(discrepancy.DebitId, out var debit) || debit.Status != TransferStatus.Posted
            || !IsDebitOf(debit, discrepancy.Wallet, discrepancy.Id))
        {
            return new Outcome.DebitMissing();
        }

        var closing = discrepancy.Amount > Kopecks.Zero ? TransferKind.Settlement : TransferKind.Refund;
        if (_closingOfDebit.TryGetValue(debit.TransferId, out var closed) && closed.Kind != closing)
        {
            return new Outcome.ClosedOtherwise(closed);
        }

        if (debit.AmountKopecks != discrepancy.Amount && debit.AmountKopecks != -discrepancy.Amount)
        {
            return new Outcome.Conflict(debit);
        }

        var transfer = New(discrepancy, TransferKind.Discrepancy, discrepancy.Id, sums: null) with
        {
            AmountKopecks = discrepancy.Amount,
            FeeKopecks = Kopecks.Zero,
            TotalKopecks = discrepancy.Amount,
            AnswerEventId = discrepancy.AnswerEventId,
        };
        return Posted(transfer, Kopecks.Zero,
            (HouseAccount.RailSettlement, -discrepancy.Amount), (HouseAccount.RailDiscrepancy, discrepancy.Amount));
    }
}
