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
}
