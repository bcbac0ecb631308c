using System.Globalization;
using ArdorQr.Contracts;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>What the payments of one API key may come to.</summary>
/// <param name="MaxPayment">The most that one payment may take from the wallet; null: no limit.</param>
/// <param name="DailyBudgets">The daily limits that each payment counts against: the key's own and its issuers'.</param>
public sealed record PaymentLimits(Kopecks? MaxPayment, IReadOnlyList<DailyBudget> DailyBudgets)
{
    internal const string MaxClaim = "max";
    internal const string BudgetsClaim = "budgets";

    public static PaymentLimits None { get; } = new(null, []);

    internal static PaymentLimits Of(string? max, string? budgets) =>
        max is null && budgets is null
            ? None
            : new(
                max is null ? null : new Kopecks(long.Parse(max, CultureInfo.InvariantCulture)),
                [.. (budgets ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(DailyBudget.Parse)]);

    internal void AddTo(Dictionary<string, object> claims)
    {
        if (MaxPayment is { } max)
        {
            claims[MaxClaim] = max.Value.ToString(CultureInfo.InvariantCulture);
        }

        if (DailyBudgets.Count > 0)
        {
            claims[BudgetsClaim] = string.Join(' ', DailyBudgets);
        }
    }
}

/// <summary>So much a day, Europe/Moscow. Keys that a limited key issued draw on its budget too.</summary>
/// <param name="Id">The key that the limit was set for.</param>
/// <param name="Limit">The day's sum.</param>
public sealed record DailyBudget(Guid Id, Kopecks Limit)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}:{Limit.Value}");

    internal static DailyBudget Parse(string text) =>
        text.Split(':') is [var id, var limit]
            ? new(Guid.Parse(id), new Kopecks(long.Parse(limit, CultureInfo.InvariantCulture)))
            : throw new FormatException("A budget is an id and a sum.");
}
