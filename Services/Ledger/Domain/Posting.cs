using System.Diagnostics;
using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>
/// The rules of the books as a pure function: (open books, ordered requests) → (outcomes, transfers, entries, wallets).
/// Requests act one after another; one that can't be met leaves the books to the next as they were.
/// </summary>
internal sealed partial class Posting
{
    private readonly DateTimeOffset _now;
    private readonly Dictionary<WalletKey, WalletState> _wallets;
    private readonly HashSet<WalletKey> _moved = [];
    private readonly Dictionary<Guid, Transfer> _byId = [];
    private readonly Dictionary<Guid, Transfer> _debitOfPayment = [];
    private readonly Dictionary<Guid, Transfer> _closingOfDebit = [];
    private readonly List<Transfer> _transfers = [];
    private readonly List<Entry> _entries = [];

    private Posting(OpenBooks books)
    {
        _now = books.Now;
        _wallets = new(books.Wallets);
        foreach (var transfer in books.Known)
        {
            Remember(transfer);
        }
    }

    public static Postings Post(OpenBooks books, IReadOnlyList<TransferRequest> requests)
    {
        var posting = new Posting(books);
        var outcomes = requests.Select(posting.Answer).ToList();
        return new Postings(
            outcomes, posting._transfers, posting._entries, [.. posting._moved.Select(key => posting._wallets[key])]);
    }

    private Outcome Answer(TransferRequest request)
    {
        try
        {
            return request switch
            {
                TransferRequest.Debit debit => Answer(debit),
                TransferRequest.Void voiding => Answer(voiding),
                TransferRequest.Deposit deposit => Answer(deposit),
                TransferRequest.Settlement settlement => Answer(settlement),
                TransferRequest.Refund refund => Answer(refund),
                TransferRequest.Adjustment adjustment => Answer(adjustment),
                TransferRequest.Discrepancy discrepancy => Answer(discrepancy),
                _ => throw new UnreachableException(),
            };
        }
        catch (OverflowException)
        {
            return new Outcome.TooLarge(); // Thrown before anything of this request is written down.
        }
    }

    private Outcome Answer(TransferRequest.Debit debit)
    {
        if (_byId.TryGetValue(debit.Id, out var first))
        {
            // Of an id that was voided unseen only its names are known.
            return Repeated(first, IsDebitOf(first, debit.Wallet, debit.PaymentId)
                && (first.Status == TransferStatus.Voided || first.Moves(debit.Sums)));
        }

        var transfer = New(debit, TransferKind.Debit, debit.PaymentId, debit.Sums) with
        {
            Description = debit.Description,
        };
        if (_debitOfPayment.ContainsKey(debit.PaymentId))
        {
            return Refused(transfer, TransferReasons.Superseded);
        }

        if (transfer.BalanceKopecks < debit.Sums.Total)
        {
            return Refused(transfer, TransferReasons.InsufficientFunds);
        }

        return Posted(transfer with { OperationId = debit.OperationId }, -debit.Sums.Total,
            (HouseAccount.PaymentClearing, debit.Sums.Total));
    }

    private Outcome Answer(TransferRequest.Void voiding) =>
        _byId.TryGetValue(voiding.Id, out var first)
            ? Repeated(first, IsDebitOf(first, voiding.Wallet, voiding.PaymentId))
            : Written(New(voiding, TransferKind.Debit, voiding.PaymentId, sums: null) with
            {
                Status = TransferStatus.Voided,
                Reason = TransferReasons.Voided,
            });

    private Outcome Answer(TransferRequest.Deposit deposit)
    {
        if (_byId.TryGetValue(deposit.Id, out var first))
        {
            return Repeated(first, first.Kind == TransferKind.Deposit && first.Wallet == deposit.Wallet
                && first.Moves(deposit.Sums));
        }

        var transfer = New(deposit, TransferKind.Deposit, deposit.Id, deposit.Sums) with
        {
            Description = deposit.Description,
            OperationId = deposit.OperationId,
            AnswerEventId = deposit.AnswerEventId,
        };
        return Posted(transfer, deposit.Sums.Amount,
            (HouseAccount.DepositClearing, -deposit.Sums.Total), (HouseAccount.FeeIncome, deposit.Sums.Fee));
    }

    private Outcome Answer(TransferRequest.Settlement settlement)
    {
        var transfer = New(settlement, TransferKind.Settlement, settlement.PaymentId, settlement.Sums) with
        {
            DebitId = settlement.DebitId,
            AnswerEventId = settlement.AnswerEventId,
        };
        return Obstacle(transfer, settlement.Sums, debit => debit.Moves(settlement.Sums))
            ?? Posted(transfer, Kopecks.Zero,
                (HouseAccount.PaymentClearing, -settlement.Sums.Total),
                (HouseAccount.RailSettlement, settlement.Sums.Amount),
                (HouseAccount.FeeIncome, settlement.Sums.Fee));
    }

    private Outcome Answer(TransferRequest.Refund refund)
    {
        var transfer = New(refund, TransferKind.Refund, refund.PaymentId, refund.Sums) with
        {
            DebitId = refund.DebitId,
            Description = refund.Description,
            OperationId = refund.OperationId,
            AnswerEventId = refund.AnswerEventId,
        };
        return Obstacle(transfer, refund.Sums, debit => debit.TotalKopecks == refund.Sums.Total)
            ?? Posted(transfer, refund.Sums.Total, (HouseAccount.PaymentClearing, -refund.Sums.Total));
    }

    private Outcome Answer(TransferRequest.Adjustment adjustment)
    {
        if (_byId.TryGetValue(adjustment.Id, out var first))
        {
            return Repeated(first, first.Kind == TransferKind.Adjustment && first.Wallet == adjustment.Wallet
                && first.AmountKopecks == adjustment.Amount && first.Description == adjustment.Description);
        }

        var transfer = New(adjustment, TransferKind.Adjustment, adjustment.Id, sums: null) with
        {
            AmountKopecks = adjustment.Amount,
            FeeKopecks = Kopecks.Zero,
            TotalKopecks = adjustment.Amount,
            Description = adjustment.Description,
        };
        return (Int128)transfer.BalanceKopecks.Value + adjustment.Amount.Value < 0
            ? Refused(transfer, TransferReasons.InsufficientFunds)
            : Posted(transfer with { OperationId = adjustment.OperationId }, adjustment.Amount,
                (HouseAccount.Adjustments, -adjustment.Amount));
    }

    /// <summary>
    /// What stands against closing the debit now: it is closed already, or isn't the debit that is meant. Null: nothing.
    /// </summary>
    private Outcome? Obstacle(Transfer closing, Sums sums, Predicate<Transfer> isOfDebit)
    {
        if (_closingOfDebit.TryGetValue(closing.DebitId!.Value, out var first))
        {
            return first.Kind == closing.Kind
                ? Repeated(first, first.Wallet == closing.Wallet && first.SourceId == closing.SourceId
                    && first.Moves(sums))
                : new Outcome.ClosedOtherwise(first);
        }

        if (_byId.TryGetValue(closing.TransferId, out var other))
        {
            return new Outcome.Conflict(other);
        }

        if (!_byId.TryGetValue(closing.DebitId.Value, out var debit)
            || debit.Status != TransferStatus.Posted || !IsDebitOf(debit, closing.Wallet, closing.SourceId))
        {
            return new Outcome.DebitMissing();
        }

        return isOfDebit(debit) ? null : new Outcome.Conflict(debit);
    }

    private static bool IsDebitOf(Transfer transfer, WalletKey wallet, Guid paymentId) =>
        transfer.Kind == TransferKind.Debit && transfer.Wallet == wallet && transfer.SourceId == paymentId;

    private static Outcome Repeated(Transfer first, bool sameContent) =>
        sameContent ? new Outcome.Answered(first) : new Outcome.Conflict(first);

    private Transfer New(TransferRequest request, TransferKind kind, Guid sourceId, Sums? sums) => new()
    {
        TransferId = request.Id,
        Kind = kind,
        MerchantId = request.Wallet.MerchantId,
        Mode = request.Wallet.Mode,
        SourceId = sourceId,
        AmountKopecks = sums?.Amount,
        FeeKopecks = sums?.Fee,
        TotalKopecks = sums?.Total,
        Status = TransferStatus.Posted,
        BalanceKopecks = _wallets[request.Wallet].Balance,
        CreatedAt = _now,
    };

    /// <summary>Writes the transfer with its entries, the wallet's and the house's, without those of zero.</summary>
    private Outcome.Answered Posted(
        Transfer transfer, Kopecks toWallet, params ReadOnlySpan<(HouseAccount Account, Kopecks Amount)> toHouse)
    {
        if (toWallet != Kopecks.Zero)
        {
            transfer = MoveWallet(transfer, toWallet);
        }

        foreach (var (account, amount) in toHouse)
        {
            if (amount != Kopecks.Zero)
            {
                var accountId = HouseAccounts.IdOf(account, transfer.Mode);
                _entries.Add(new Entry(transfer.TransferId, accountId, amount, transfer.CreatedAt));
            }
        }

        return Written(transfer);
    }

    private Transfer MoveWallet(Transfer transfer, Kopecks amount)
    {
        var before = _wallets[transfer.Wallet];
        var after = before.Moved(amount, _now);
        transfer = transfer with { BalanceKopecks = after.Balance, CreatedAt = after.LastEntryAt!.Value };
        var operation = new ChainedOperation(
            transfer.Wallet, after.LastSequence, transfer.OperationId!.Value, Codes.OperationTypeOf(transfer.Kind),
            amount, after.Balance, transfer.SourceId, transfer.CreatedAt, transfer.Description);
        var hash = OperationChain.HashOf(before.LastHash, operation);
        _wallets[transfer.Wallet] = after with { LastHash = hash };
        _moved.Add(transfer.Wallet);
        _entries.Add(new Entry(transfer.TransferId, after.AccountId, amount, transfer.CreatedAt,
            transfer.OperationId, after.LastSequence, after.Balance, before.LastHash, hash));
        return transfer;
    }

    private Outcome.Answered Refused(Transfer transfer, string reason) =>
        Written(transfer with { Status = TransferStatus.Refused, Reason = reason });

    private Outcome.Answered Written(Transfer transfer)
    {
        _transfers.Add(transfer);
        Remember(transfer);
        return new Outcome.Answered(transfer);
    }

    private void Remember(Transfer transfer)
    {
        _byId[transfer.TransferId] = transfer;
        if (transfer is { Kind: TransferKind.Debit, Status: TransferStatus.Posted })
        {
            _debitOfPayment[transfer.SourceId] = transfer;
        }

        if (transfer.DebitId is { } debitId)
        {
            _closingOfDebit[debitId] = transfer;
        }
    }
}
