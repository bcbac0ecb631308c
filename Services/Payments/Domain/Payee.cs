using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Payments.Domain;

/// <summary>Who receives the money, as the merchant and the rail are told.</summary>
/// <param name="Name">Never blank.</param>
/// <param name="Bank">The bank's name, null when nobody knows it.</param>
/// <param name="Inn">10 or 12 digits, or null.</param>
internal sealed record Payee(string Name, string? Bank, string? Inn)
{
    private const int MaxNameCharacters = 256;

    /// <summary>
    /// A bank transfer names its payee itself. An SBP code's payee is the rail's to name; its bank is the one that the
    /// code's member id stands for, else what the rail says. Null when the rail named nobody.
    /// </summary>
    public static Payee? Of(QrCode code, string? railName, string? railBank, string? railInn, QrTables tables) =>
        code switch
    {
        BankTransferQrCode transfer => new Payee(transfer.PayeeName, transfer.BankName, transfer.PayeeInn),
        SbpQrCode sbp when Told(railName) is { } name =>
            new Payee(name, sbp.BankName ?? BankOf(Told(railBank), tables), Told(railInn)),
        _ => null,
    };

    /// <summary>A rail may name a bank by its member id in SBP.</summary>
    private static string? BankOf(string? railBank, QrTables tables) =>
        railBank is null ? null : tables.BankNameOf(railBank) ?? railBank;

    /// <summary>What the rail told, cut to a length that every statement and screen can show.</summary>
    private static string? Told(string? text) => string.IsNullOrWhiteSpace(text) || text.Contains('\0')
        ? null
        : string.Concat(text.Trim().EnumerateRunes().Take(MaxNameCharacters));
}
