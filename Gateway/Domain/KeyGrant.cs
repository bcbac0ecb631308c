using System.Net;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Gateway.Domain;

/// <summary>What a key may do, from where, and for how much.</summary>
/// <param name="Permissions">Of <see cref="KeyRules.AllRights"/>.</param>
/// <param name="AllowedIps">Null: from everywhere.</param>
/// <param name="Limits">Of its payments.</param>
internal sealed record KeyGrant(
    IReadOnlyList<string> Permissions, IReadOnlyList<AddressRange>? AllowedIps, PaymentLimits Limits)
{
    public const int MaxAllowedIps = 32;

    /// <summary>A chain of limited keys that issue each other ends here: each adds a budget to count against.</summary>
    public const int MaxBudgets = 8;

    /// <summary>What a merchant's first keys have.</summary>
    public static KeyGrant Everything { get; } = new(KeyRules.AllRights, null, PaymentLimits.None);

    /// <summary>The least of the budgets: what a day's payments can't exceed.</summary>
    public Kopecks? DailyLimit => Limits.DailyBudgets.Count == 0 ? null : Limits.DailyBudgets.Min(budget => budget.Limit);

    public bool Admits(IPAddress? address) =>
        AllowedIps is null || (address is not null && AllowedIps.Any(range => range.Contains(address)));

    /// <summary>
    /// What a new key gets that this one issues: what isn't asked for is as the issuer's. Null, and the field's name,
    /// when more is asked for than the issuer has.
    /// </summary>
    public KeyGrant? Narrow(Guid newKey, Wish wish, out string field)
    {
        field = 0 switch
        {
            _ when wish.Permissions?.Except(Permissions).Any() == true => "permissions",
            _ when !IsWithin(wish.AllowedIps) => "allowedIps",
            _ when wish.MaxPayment > Limits.MaxPayment => "maxPaymentMinor",
            _ when wish.DailyLimit > DailyLimit => "dailyLimitMinor",
            _ when wish.DailyLimit is not null && Limits.DailyBudgets.Count == MaxBudgets => "dailyLimitMinor",
            _ => "",
        };
        return field.Length > 0
            ? null
            : new KeyGrant(
                wish.Permissions ?? Permissions,
                wish.AllowedIps ?? AllowedIps,
                new PaymentLimits(
                    wish.MaxPayment ?? Limits.MaxPayment,
                    wish.DailyLimit is { } daily
                        ? [.. Limits.DailyBudgets, new DailyBudget(newKey, daily)]
                        : Limits.DailyBudgets));
    }

    private bool IsWithin(IReadOnlyList<AddressRange>? ranges) =>
        AllowedIps is null || ranges is null || ranges.All(range => AllowedIps.Any(own => own.Contains(range)));

    /// <summary>What is asked for a new key; null: as the issuer has it.</summary>
    internal sealed record Wish(
        IReadOnlyList<string>? Permissions, IReadOnlyList<AddressRange>? AllowedIps, Kopecks? MaxPayment, Kopecks? DailyLimit);
}
