using System.Diagnostics;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Ledger.Features;

/// <summary>How a debit's or a void's outcome is answered.</summary>
internal static partial class DebitAnswers
{
    public static IResult ToResult(Outcome outcome, Guid id, ILoggerFactory loggers)
    {
        switch (outcome)
        {
            case Outcome.Answered { Transfer: var transfer }:
                return TypedResults.Ok(DebitView.Of(transfer));
            case Outcome.Busy:
                return CommonErrors.Unavailable.ToResult();
            case Outcome.Conflict:
                LogConflict(loggers.CreateLogger(typeof(DebitAnswers)), id);
                return LedgerErrors.TransferConflict.ToResult();
            default:
                throw new UnreachableException($"A debit can't end as {outcome.GetType().Name}.");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Defect: transfer {TransferId} was sent again with other content")]
    private static partial void LogConflict(ILogger logger, Guid transferId);
}
