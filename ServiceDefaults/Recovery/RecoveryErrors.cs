using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.ServiceDefaults.Recovery;

/// <summary>What a service answers to an operator about its recovery.</summary>
internal static class RecoveryErrors
{
    public static ApiError NotMatched { get; } =
        new("recovery_not_matched", 409, "Сверка после восстановления ещё не закончена; что осталось — в GET /operator/recovery.");
}
