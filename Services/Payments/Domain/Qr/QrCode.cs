using ArdorQr.Contracts;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>A code that can be paid: an SBP link or a bank transfer. Only the readers build one.</summary>
internal abstract record QrCode
{
    private protected QrCode()
    {
    }

    /// <summary>The name of the format as merchants see it: sbp or st00012.</summary>
    public abstract string Format { get; }

    /// <summary>The sum the code shows, always above zero; null when the payer or the rail names it.</summary>
    public Kopecks? Amount { get; init; }

    /// <summary>What a merchant should know though it doesn't stop the payment; see <see cref="QrWarnings"/>.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The identity of a code that may be paid only once, or null if it may be paid many times.</summary>
    public virtual string? SingleUseKey => null;
}

/// <summary>Whether an SBP code is printed once for many payments or made for a single one.</summary>
internal enum SbpKind
{
    Static,
    Dynamic,
}

/// <summary>An SBP code: payee, bank and the sum that counts come from the rail, by the code's id.</summary>
internal sealed record SbpQrCode : QrCode
{
    public const string FormatName = "sbp";

    public override string Format => FormatName;

    public required SbpKind Kind { get; init; }

    /// <summary>32 characters, A-Z and 0-9.</summary>
    public required string QrcId { get; init; }

    /// <summary>The payee's bank in SBP, 12 digits; null in the short form of the link.</summary>
    public required string? MemberId { get; init; }

    /// <summary>The bank's name, null if the table of members lacks it.</summary>
    public required string? BankName { get; init; }

    /// <summary>The https link, the same for every spelling of one code.</summary>
    public required string CanonicalUrl { get; init; }

    /// <summary>False for the short form, which has no parameters that a checksum could guard.</summary>
    public required bool HasChecksum { get; init; }

    public override string? SingleUseKey => Kind == SbpKind.Dynamic ? QrcId : null;
}

/// <summary>A code by GOST R 56042-2014: the requisites of a bank transfer. It may be paid many times.</summary>
internal sealed record BankTransferQrCode : QrCode
{
    public const string FormatName = "st00012";

    public override string Format => FormatName;

    public required string PayeeName { get; init; }

    /// <summary>20 digits in roubles; the key agrees with <see cref="Bic"/>.</summary>
    public required string Account { get; init; }

    public required string BankName { get; init; }

    /// <summary>9 digits.</summary>
    public required string Bic { get; init; }

    /// <summary>The bank's account at the Bank of Russia, 20 digits; the key agrees with <see cref="Bic"/>.</summary>
    public required string CorrespAccount { get; init; }

    /// <summary>10 or 12 digits.</summary>
    public string? PayeeInn { get; init; }

    public string? Purpose { get; init; }

    /// <summary>Every field of the code by its key, the unknown ones too.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }
}

/// <summary>The codes that may stand in <see cref="QrCode.Warnings"/>.</summary>
internal static class QrWarnings
{
    /// <summary>The payee's INN fails its check digits, as the standard's own example does.</summary>
    public const string InnCheckFailed = "inn_check_failed";

    /// <summary>A treasury account: its key has no public rule, so the rail is the first to judge it.</summary>
    public const string AccountKeyUnchecked = "account_key_unchecked";
}
