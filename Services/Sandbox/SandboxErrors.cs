using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Sandbox;

/// <summary>Every error that Sandbox's part of the public API can answer.</summary>
internal static class SandboxErrors
{
    public static ApiError TestModeOnly => CommonErrors.TestModeOnly;

    public static ApiError KindUnknown { get; } =
        CommonErrors.ValidationFailed("kind", "Поле kind — dynamic, static или st00012.");

    public static ApiError AmountOutOfRange(long max) =>
        CommonErrors.ValidationFailed("amountMinor", $"Поле amountMinor — целое число копеек от 1 до {max}.");
}
