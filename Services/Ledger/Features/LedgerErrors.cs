using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Ledger.Features;

/// <summary>The errors that Ledger adds to the common ones.</summary>
internal static class LedgerErrors
{
    /// <summary>The id stands for another transfer: a defect of the sender, never a race.</summary>
    public static ApiError TransferConflict { get; } =
        new("transfer_conflict", 409, "Этот идентификатор уже занят переводом с другим содержанием.");

    /// <summary>The wallet had no operation yet.</summary>
    public static ApiError NothingToSign { get; } =
        new("not_found", 404, "Операций ещё не было: подтверждать пока нечего.");

    /// <summary>An adjustment that would leave 64 bits.</summary>
    public static ApiError BalanceTooLarge { get; } =
        new("limit_exceeded", 422, "Баланс кошелька вышел бы за пределы учёта.");

    /// <param name="balance">The wallet's, when the adjustment was answered first.</param>
    /// <param name="amount">Less than zero, and more than the balance.</param>
    public static ApiError InsufficientFunds(Kopecks balance, Kopecks amount)
    {
        var shortfall = -((Int128)amount.Value + balance.Value);
        return new("insufficient_funds", 402, $"Недостаточно средств: не хватает {shortfall} коп.")
        {
            Details = new { balanceMinor = balance.Value, amountMinor = amount.Value },
        };
    }
}
