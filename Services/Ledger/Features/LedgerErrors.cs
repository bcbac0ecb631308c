using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Ledger.Features;

/// <summary>The errors that Ledger adds to the common ones; only other services see them.</summary>
internal static class LedgerErrors
{
    /// <summary>The id stands for another transfer: a defect of the sender, never a race.</summary>
    public static ApiError TransferConflict { get; } =
        new("transfer_conflict", 409, "Этот идентификатор уже занят переводом с другим содержанием.");
}
