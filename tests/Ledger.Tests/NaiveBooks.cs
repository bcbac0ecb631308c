using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Tests;

/// <summary>The books written as simply as possible: a list of what happened, searched from the start each time.</summary>
internal sealed class NaiveBooks
{
    private readonly List<Seen> _transfers = [];

    public Dictionary<long, Int128> Balances { get; } = [];

    public string Ask(TransferRequest request) => request switch
    {
        TransferRequest.Debit debit => Ask(debit),
        TransferRequest.Void voiding => Ask(voiding),
        TransferRequest.Deposit deposit => Ask(deposit),
        TransferRequest.Settlement settlement => Close(
            "settlement", settlement.Id, settlement.Wallet, settlement.PaymentId, settlement.DebitId, settlement.Sums),
        TransferRequest.Refund refund => Close(
            "refund", refund.Id, refund.Wallet, refund.PaymentId, refund.DebitId, refund.Sums),
        TransferRequest.Adjustment adjustment => Ask(adjustment),
        _ => throw new ArgumentOutOfRangeException(nameof(request)),
    };

    private string Ask(TransferRequest.Adjustment adjustment)
    {
        var (wallet, amount) = (adjustment.Wallet, (Int128)adjustment.Amount.Value);
        var content = $"{amount} {adjustment.Description}";
        foreach (var seen in _transfers.Where(seen => seen.Id == adjustment.Id))
        {
            return (seen.Kind, seen.Wallet, seen.Sums) == ("adjustment", wallet, content) ? seen.Answer : nameof(Outcome.Conflict);
        }

        if (Balance(wallet) + amount < 0)
        {
            return Write("adjustment", adjustment.Id, wallet, adjustment.Id, null, null, "Refused", "insufficient_funds", content);
        }

        if (Balance(wallet) + amount > long.MaxValue)
        {
            return nameof(Outcome.TooLarge);
        }

        Move(WalletId(wallet), amount);
        Move(House(wallet, 6), -amount);
        return Write("adjustment", adjustment.Id, wallet, adjustment.Id, null, null, "Posted", "", content);
    }

    private string Ask(TransferRequest.Debit debit)
    {
        foreach (var seen in _transfers.Where(seen => seen.Id == debit.Id))
        {
            var same = (seen.Kind, seen.Wallet, seen.Source) == ("debit", debit.Wallet, debit.PaymentId)
                && (seen.Status == "Voided" || seen.Sums == debit.Sums.ToString());
            return same ? seen.Answer : nameof(Outcome.Conflict);
        }

        if (_transfers.Exists(seen => (seen.Kind, seen.Source, seen.Status) == ("debit", debit.PaymentId, "Posted")))
        {
            return Write("debit", debit.Id, debit.Wallet, debit.PaymentId, null, debit.Sums, "Refused", "superseded");
        }

        if (Balance(debit.Wallet) < debit.Sums.Total.Value)
        {
            return Write("debit", debit.Id, debit.Wallet, debit.PaymentId, null, debit.Sums, "Refused", "insufficient_funds");
        }

        Move(WalletId(debit.Wallet), -(Int128)debit.Sums.Total.Value);
        Move(House(debit.Wallet, 2), debit.Sums.Total.Value);
        return Write("debit", debit.Id, debit.Wallet, debit.PaymentId, null, debit.Sums, "Posted", "");
    }

    private string Ask(TransferRequest.Void voiding)
    {
        foreach (var seen in _transfers.Where(seen => seen.Id == voiding.Id))
        {
            return (seen.Kind, seen.Wallet, seen.Source) == ("debit", voiding.Wallet, voiding.PaymentId)
                ? seen.Answer
                : nameof(Outcome.Conflict);
        }

        return Write("debit", voiding.Id, voiding.Wallet, voiding.PaymentId, null, null, "Voided", "voided");
    }

    private string Ask(TransferRequest.Deposit deposit)
    {
        foreach (var seen in _transfers.Where(seen => seen.Id == deposit.Id))
        {
            return (seen.Kind, seen.Wallet, seen.Sums) == ("deposit", deposit.Wallet, deposit.Sums.ToString())
                ? seen.Answer
                : nameof(Outcome.Conflict);
        }

        if (Balance(deposit.Wallet) + deposit.Sums.Amount.Value > long.MaxValue)
        {
            return nameof(Outcome.TooLarge);
        }

        Move(House(deposit.Wallet, 1), -(Int128)deposit.Sums.Total.Value);
        Move(WalletId(deposit.Wallet), deposit.Sums.Amount.Value);
        Move(House(deposit.Wallet, 4), deposit.Sums.Fee.Value);
        return Write("deposit", deposit.Id, deposit.Wallet, deposit.Id, null, deposit.Sums, "Posted", "");
    }

    private string Close(string kind, Guid id, WalletKey wallet, Guid payment, Guid debitId, Sums sums)
    {
        foreach (var seen in _transfers.Where(seen => seen.Debit == debitId))
        {
            return seen.Kind != kind ? nameof(Outcome.ClosedOtherwise)
                : (seen.Wallet, seen.Source, seen.Sums) == (wallet, payment, sums.ToString()) ? seen.Answer
                : nameof(Outcome.Conflict);
        }

        if (_transfers.Exists(seen => seen.Id == id))
        {
            return nameof(Outcome.Conflict);
        }

        var debit = _transfers.Find(seen =>
            (seen.Id, seen.Kind, seen.Status, seen.Wallet, seen.Source) == (debitId, "debit", "Posted", wallet, payment));
        if (debit is null)
        {
            return nameof(Outcome.DebitMissing);
        }

        if (kind == "settlement" ? debit.Sums != sums.ToString() : debit.Total != sums.Total.Value)
        {
            return nameof(Outcome.Conflict);
        }

        if (kind == "refund" && Balance(wallet) + sums.Total.Value > long.MaxValue)
        {
            return nameof(Outcome.TooLarge);
        }

        Move(House(wallet, 2), -(Int128)sums.Total.Value);
        Move(kind == "refund" ? WalletId(wallet) : House(wallet, 3), sums.Amount.Value);
        Move(House(wallet, 4), sums.Fee.Value);
        return Write(kind, id, wallet, payment, debitId, sums, "Posted", "");
    }

    private string Write(
        string kind, Guid id, WalletKey wallet, Guid source, Guid? debit, Sums? sums, string status, string reason,
        string? content = null)
    {
        var answer = $"{id} {status} {reason} {Balance(wallet)}";
        _transfers.Add(new Seen(kind, id, wallet, source, debit, content ?? $"{sums}", sums?.Total.Value ?? 0, status, answer));
        return answer;
    }

    private Int128 Balance(WalletKey wallet) => Balances.GetValueOrDefault(WalletId(wallet));

    private void Move(long account, Int128 amount) => Balances[account] = Balances.GetValueOrDefault(account) + amount;

    private static long WalletId(WalletKey wallet) => 1000 + Array.IndexOf(PostingTests.Wallets, wallet);

    private static long House(WalletKey wallet, int account) => (wallet.Mode == Mode.Live ? 100 : 200) + account;

    private sealed record Seen(
        string Kind, Guid Id, WalletKey Wallet, Guid Source, Guid? Debit, string Sums, Int128 Total, string Status,
        string Answer);
}
