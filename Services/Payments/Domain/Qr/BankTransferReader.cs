using static ArdorQr.Payments.Domain.Qr.BankTransferFields;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// Reads codes by GOST R 56042-2014: <c>ST</c>, version <c>0001</c>, a digit for the encoding, a separator, fields.
/// </summary>
internal static class BankTransferReader
{
    public const int EncodingPosition = 6;

    private const string Family = "ST00";
    private const string Version = "0001";
    private const int SeparatorPosition = 7;
    private const int BodyPosition = 8;
    private const int MaxNameCharacters = 160;
    private const int MaxBankNameCharacters = 45;
    private const int MaxPurposeCharacters = 210;

    private static readonly (string Key, int MaxCharacters)[] Lengths =
        [(Name, MaxNameCharacters), (BankName, MaxBankNameCharacters), (Purpose, MaxPurposeCharacters)];

    private static readonly string[] NoWarnings = [];
    private static readonly string[] InnWarning = [QrWarnings.InnCheckFailed];
    private static readonly string[] KeyWarning = [QrWarnings.AccountKeyUnchecked];
    private static readonly string[] BothWarnings = [QrWarnings.InnCheckFailed, QrWarnings.AccountKeyUnchecked];

    public static bool Recognizes(ReadOnlySpan<char> text) => text.StartsWith(Family);

    /// <param name="text">A text that <see cref="Recognizes"/> said yes to; blanks may follow it.</param>
    /// <param name="mayBeMisdecoded">False if the bytes were decoded here, as the code declares.</param>
    /// <param name="tables">What banks are called, if there is a better name than the code's.</param>
    public static QrReading Read(ReadOnlySpan<char> text, bool mayBeMisdecoded, QrTables tables)
    {
        if (CheckHeader(text) is { } headerRefusal)
        {
            return new QrReading.Refused(headerRefusal);
        }

        if (SplitText(text) is not { } fields)
        {
            return new QrReading.Refused(QrRefusals.BankTransferMalformed);
        }

        if (FirstMissing(fields) is { } missing)
        {
            return new QrReading.Refused(QrRefusals.FieldMissing(missing));
        }

        // Only a code whose account keys hold is repaired: they prove that all else in it came through whole.
        var account = BankTransferAccount.Check(fields[PersonalAcc], fields[Bic], fields[CorrespAcc]);
        if (mayBeMisdecoded
            && account is { Refusal: null, IsKeyProven: true }
            && MisdecodedText.Repair(text, text[EncodingPosition]) is { } repaired
            && SplitText(repaired) is { } repairedFields)
        {
            text = repaired;
            fields = repairedFields;
        }

        var refusal = account.Refusal ?? CheckTexts(text, fields);
        return refusal is null
            ? new QrReading.Payable(Build(fields, account.IsKeyProven, tables))
            : new QrReading.Refused(refusal);
    }

    // Blanks at the end go only here: in a mis-decoded text one of them may be half of the last letter.
    private static Dictionary<string, string>? SplitText(ReadOnlySpan<char> text)
    {
        var whole = QrText.TrimEnd(text);
        return whole.Length > BodyPosition ? Split(whole[BodyPosition..], whole[SeparatorPosition]) : null;
    }

    private static QrRefusal? CheckHeader(ReadOnlySpan<char> text)
    {
        if (text.Length <= SeparatorPosition)
        {
            return QrRefusals.BankTransferMalformed;
        }

        var version = text[2..EncodingPosition];
        if (!AccountKey.IsAllDigits(version, Version.Length))
        {
            return QrRefusals.BankTransferMalformed;
        }

        if (version is not Version)
        {
            return QrRefusals.BankTransferVersionUnsupported(version.ToString());
        }

        var isEncodingKnown = text[EncodingPosition]
            is QrEncodings.DeclaredWindows1251 or QrEncodings.DeclaredUtf8 or QrEncodings.DeclaredKoi8R;
        if (!isEncodingKnown || QrText.IsDestroyed(text))
        {
            return QrRefusals.EncodingInvalid;
        }

        // A letter, a digit or "=" stands in the keys themselves, so it can't part them.
        var separator = text[SeparatorPosition];
        return char.IsLetterOrDigit(separator) || separator == '=' || char.IsSurrogate(separator)
            ? QrRefusals.BankTransferMalformed
            : null;
    }

    private static QrRefusal? CheckTexts(ReadOnlySpan<char> text, Dictionary<string, string> fields)
    {
        if (QrText.HasControls(text))
        {
            return QrRefusals.EncodingInvalid;
        }

        foreach (var (key, maxCharacters) in Lengths)
        {
            if (fields.TryGetValue(key, out var value) && QrText.CharactersOf(value) > maxCharacters)
            {
                return QrRefusals.FieldTooLong(key, maxCharacters);
            }
        }

        if (OptionalOf(fields, Sum) is { } sum && QrAmount.Parse(sum) is null)
        {
            return QrRefusals.AmountInvalid(BankTransferQrCode.FormatName);
        }

        return OptionalOf(fields, PayeeInn) is { } inn && !Inn.IsWellFormed(inn) ? QrRefusals.PayeeInnInvalid : null;
    }

    private static BankTransferQrCode Build(
        Dictionary<string, string> fields, bool isAccountKeyProven, QrTables tables)
    {
        var inn = OptionalOf(fields, PayeeInn);
        var isInnRight = inn is null || Inn.HasValidCheckDigits(inn);
        return new BankTransferQrCode
        {
            PayeeName = fields[Name],
            Account = fields[PersonalAcc],
            BankName = tables.BankNameOfBic(fields[Bic]) ?? fields[BankName],
            Bic = fields[Bic],
            CorrespAccount = fields[CorrespAcc],
            Amount = OptionalOf(fields, Sum) is { } sum ? QrAmount.Parse(sum) : null,
            PayeeInn = inn,
            Purpose = OptionalOf(fields, Purpose),
            Fields = fields,
            Warnings = (isInnRight, isAccountKeyProven) switch
            {
                (true, true) => NoWarnings,
                (true, false) => KeyWarning,
                (false, true) => InnWarning,
                (false, false) => BothWarnings,
            },
        };
    }
}
