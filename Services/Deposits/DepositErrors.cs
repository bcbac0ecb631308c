using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Deposits;

/// <summary>The errors of Deposits' own that a merchant can get.</summary>
internal static class DepositErrors
{
    public static ApiError NotReceiving { get; } = new(
        "service_unavailable", 503,
        "Приём USDT в этом режиме пока не подключён. Остальные методы работают; обратитесь в поддержку.");

    public static ApiError NotHeld { get; } = new(
        "deposit_not_held", 409, "Решение по этому пополнению не требуется: оно не задержано, либо решение уже исполнено.");

    public static ApiError AmountInvalid(string most) => CommonErrors.ValidationFailed(
        "amount", $"amount — сумма в USDT больше 0 и не больше {most}, не более 6 знаков после точки.");
}
