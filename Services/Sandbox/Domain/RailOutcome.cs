using System.Collections.Frozen;
using ArdorQr.Contracts;

namespace ArdorQr.Sandbox.Domain;

/// <summary>
/// What the sandbox's rail does with a payment, decided by the last two digits of its kopecks, so that every outcome can
/// be had on purpose. The table is published in the API's reference under test mode.
/// </summary>
internal static class RailOutcome
{
    public const int AlreadyPaid = 4;
    public const int Expired = 5;
    public const int NotFound = 6;
    public const int TimesOutThoughAccepted = 7;
    public const int NeverArrives = 8;
    public const int OtherSum = 9;
    public const int SlowlyCompleted = 10;
    public const int UnavailableAtFirst = 11;
    public const int GarbledAnswer = 12;
    public const int CallbacksBeforeAnswer = 13;
    public const int UntilSettled = 14;
    public const int UnavailableAtResolve = 15;
    public const int Cancelled = 16;

    /// <summary>How often <see cref="UnavailableAtFirst"/> turns a submission away.</summary>
    public const int Refusals = 3;

    /// <summary>What the rail adds to the code's sum for <see cref="OtherSum"/>, in kopecks.</summary>
    public const long OtherSumKopecks = 100;

    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(10);

    private static readonly FrozenDictionary<int, string> Failures = new Dictionary<int, string>
    {
        [1] = "payee_rejected",
        [2] = "payee_account_invalid",
        [3] = "compliance_declined",
        [17] = "payee_bank_unavailable",
        [18] = "limit_exceeded",
        [19] = "rail_rejected",
        [20] = "qr_expired",
        [21] = "qr_already_paid",
    }.ToFrozenDictionary();

    /// <summary>The two digits that decide.</summary>
    public static int EndingOf(Kopecks amount) => (int)(amount.Value % 100);

    /// <summary>When it is over, counted from the first sight; null: not by itself.</summary>
    public static TimeSpan? FinalAfter(int ending) => ending switch
    {
        UntilSettled => null,
        SlowlyCompleted => Slow,
        TimesOutThoughAccepted or CallbacksBeforeAnswer => TimeSpan.Zero,
        _ => Usual,
    };

    /// <summary>The transfer's status and reason this long after its first sight.</summary>
    public static RailStatus StatusAt(int ending, TimeSpan sinceFirstSeen)
    {
        if (FinalAfter(ending) is not { } final || sinceFirstSeen < final)
        {
            return new RailStatus(ending is UntilSettled or SlowlyCompleted ? "processing" : "accepted", null);
        }

        return Failures.TryGetValue(ending, out var reason) ? new RailStatus("failed", reason) : RailStatus.Completed;
    }
}

/// <summary>accepted, processing, completed, failed (with a reason) or cancelled.</summary>
internal sealed record RailStatus(string Status, string? Reason)
{
    public static RailStatus Completed { get; } = new("completed", null);

    public static RailStatus Cancelled { get; } = new("cancelled", null);
}
