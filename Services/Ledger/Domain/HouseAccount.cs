using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>The house's accounts, each once per mode. The values are part of the account ids in the database.</summary>
internal enum HouseAccount
{
    /// <summary>Deposits that were credited: the negative of what the chain holds for merchants.</summary>
    DepositClearing = 1,

    /// <summary>Debited and not yet settled or refunded.</summary>
    PaymentClearing = 2,

    /// <summary>Paid out by the rail.</summary>
    RailSettlement = 3,

    FeeIncome = 4,

    /// <summary>Where the rail's word contradicts what was settled.</summary>
    RailDiscrepancy = 5,

    /// <summary>The other side of an operator's adjustments.</summary>
    Adjustments = 6,
}

/// <summary>The house accounts' ids, as the migration made them.</summary>
internal static class HouseAccounts
{
    private const long FirstOfLive = 100;
    private const long FirstOfTest = 200;

    public static long IdOf(HouseAccount account, Mode mode) =>
        (mode == Mode.Live ? FirstOfLive : FirstOfTest) + (long)account;

    /// <summary>Whose id this is; null when it is no house account's.</summary>
    public static (HouseAccount Account, Mode Mode)? TryFind(long accountId)
    {
        var (mode, first) = accountId > FirstOfTest ? (Mode.Test, FirstOfTest) : (Mode.Live, FirstOfLive);
        return accountId - first is > 0 and < FirstOfLive and var number && Enum.IsDefined((HouseAccount)number)
            ? ((HouseAccount)number, mode)
            : null;
    }
}
