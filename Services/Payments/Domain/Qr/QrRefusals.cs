namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// Every refusal of a code: what it is and what to ask the payee for, in Russian, for the people at the till.
/// <c>details.format</c> names the kind of code where it is known, <c>details.field</c> the requisite at fault.
/// </summary>
internal static class QrRefusals
{
    public const string EmvFormat = "emv_mpm";

    private const string Sbp = SbpQrCode.FormatName;
    private const string BankTransfer = BankTransferQrCode.FormatName;
    private const string AskForSbp = "Попросите у получателя код СБП или код с банковскими реквизитами.";
    private const string AskAgain = "Отсканируйте код ещё раз; если не поможет, попросите у получателя новый.";
    private const string AskForReissue = "Попросите у получателя исправленный код.";

    public static QrRefusal Empty { get; } =
        new("qr_empty", "Код пуст. Отсканируйте платёжный QR-код и передайте его содержимое.");

    public static QrRefusal TooLong { get; } = new(
        "qr_too_long",
        $"Содержимое кода длиннее {QrReader.MaxCharacters} символов: платёжные коды такими не бывают. {AskForSbp}");

    public static QrRefusal Unrecognized { get; } =
        new("qr_unrecognized", $"Это не платёжный QR-код. {AskForSbp}");

    public static QrRefusal EncodingInvalid { get; } = new(
        "qr_encoding_invalid",
        "Это код с банковскими реквизитами, но его текст испорчен: кодировка не указана или прочитана неверно. "
        + AskAgain,
        Of(BankTransfer));

    public static QrRefusal SbpMalformed { get; } =
        new("qr_malformed", $"Это код СБП, но ссылка в нём повреждена или неполна. {AskAgain}", Of(Sbp));

    public static QrRefusal BankTransferMalformed { get; } = new(
        "qr_malformed",
        "Это код с банковскими реквизитами, но он повреждён: оборван, повторяет реквизит или содержит разделитель "
        + $"внутри значения. {AskAgain}",
        Of(BankTransfer));

    public static QrRefusal EmvMalformed { get; } =
        new("qr_malformed", $"Это зарубежный код (EMVCo), к тому же повреждённый. {AskForSbp}", Of(EmvFormat));

    public static QrRefusal AmountMissing { get; } = new(
        "qr_amount_missing",
        "Это динамический код СБП, но в нём нет суммы. Попросите у получателя новый код с суммой.",
        Of(Sbp));

    public static QrRefusal Subscription { get; } = new(
        "qr_subscription_unsupported",
        "Это код привязки счёта или подписки СБП, а не код для оплаты. "
        + "Попросите у получателя код СБП на разовую оплату.",
        Of("sbp_subscription"));

    public static QrRefusal BicInvalid { get; } = new(
        "qr_bic_invalid",
        $"В коде с банковскими реквизитами неверный БИК: нужно 9 цифр. {AskForReissue}",
        Of(BankTransfer, BankTransferFields.Bic));

    public static QrRefusal AccountInvalid { get; } = new(
        "qr_account_invalid",
        "В коде с банковскими реквизитами неверный счёт получателя: нужно 20 цифр, и контрольный ключ должен "
        + $"соответствовать БИК. {AskForReissue}",
        Of(BankTransfer, BankTransferFields.PersonalAcc));

    public static QrRefusal CorrespAccountInvalid { get; } = new(
        "qr_corr_account_invalid",
        "В коде с банковскими реквизитами неверный корреспондентский счёт: нужно 20 цифр, и контрольный ключ должен "
        + $"соответствовать БИК. {AskForReissue}",
        Of(BankTransfer, BankTransferFields.CorrespAcc));

    public static QrRefusal PayeeInnInvalid { get; } = new(
        "qr_payee_inn_invalid",
        $"В коде с банковскими реквизитами неверный ИНН получателя: нужно 10 или 12 цифр. {AskForReissue}",
        Of(BankTransfer, BankTransferFields.PayeeInn));

    public static QrRefusal FiscalReceipt { get; } = new(
        "qr_fiscal_receipt",
        $"Это код кассового чека: он подтверждает уже сделанную покупку, оплатить его нельзя. {AskForSbp}",
        Of("fiscal_receipt"));

    public static QrRefusal NpdInvoice { get; } =
        Unsupported("npd_invoice", "Это счёт самозанятого из приложения «Мой налог».");

    public static QrRefusal NpdReceipt { get; } =
        Unsupported("npd_receipt", "Это чек самозанятого: он подтверждает уже полученную оплату.");

    public static QrRefusal SberQr { get; } =
        Unsupported("sber_qr", "Это собственный код Сбербанка: оплатить его можно только в приложении Сбербанка.");

    public static QrRefusal SberPay { get; } =
        Unsupported("sberpay", "Это ссылка SberPay: она открывает только приложение Сбербанка.");

    public static QrRefusal Epc { get; } =
        Unsupported("epc", "Это европейский код перевода в евро (EPC, GiroCode).");

    public static QrRefusal TonTransfer { get; } =
        Unsupported("ton_transfer", "Это перевод в сети TON: криптовалютой коды не оплачиваются.");

    public static QrRefusal LinkTo(string host) => new(
        "qr_unrecognized",
        $"Это ссылка на сайт {host}, а не платёжный код. Коды СБП ведут только на qr.nspk.ru. {AskForSbp}",
        Of("link"));

    public static QrRefusal ChecksumMismatch(string format) => new(
        "qr_checksum_mismatch",
        format == EmvFormat
            ? $"Это зарубежный платёжный код (EMVCo), к тому же его контрольная сумма не сходится. {AskForSbp}"
            : "Контрольная сумма кода СБП не сходится: код повреждён или изменён после выпуска. Не платите по нему, "
                + "попросите у получателя новый.",
        Of(format));

    public static QrRefusal AmountInvalid(string format) => new(
        "qr_amount_invalid",
        $"Это {NameOf(format)}, но сумма в нём записана неверно: нужны целые копейки больше нуля, не длиннее "
        + $"{QrAmount.MaxDigits} цифр. {AskForReissue}",
        Of(format));

    public static QrRefusal CurrencyUnsupported(string format) => new(
        "qr_currency_unsupported",
        $"Это {NameOf(format)}, но не в рублях. Попросите у получателя код на оплату в рублях.",
        Of(format));

    public static QrRefusal FieldMissing(string field) => new(
        "qr_field_missing",
        $"В коде с банковскими реквизитами нет обязательного реквизита {field}. {AskForReissue}",
        Of(BankTransfer, field));

    public static QrRefusal FieldTooLong(string field, int maxCharacters) => new(
        "qr_field_too_long",
        $"В коде с банковскими реквизитами реквизит {field} длиннее {maxCharacters} символов. {AskForReissue}",
        Of(BankTransfer, field));

    public static QrRefusal SbpTypeUnsupported(string type) =>
        Unsupported($"sbp_type_{type}", $"Это код СБП неизвестного вида {type}.");

    public static QrRefusal BankTransferVersionUnsupported(string version) =>
        Unsupported($"st{version}", $"Это код с реквизитами версии {version}, а поддерживается только 0001.");

    /// <param name="currency">The currency's number by ISO 4217, or null if the code names none.</param>
    public static QrRefusal EmvUnsupported(string? currency)
    {
        var refusal = Unsupported(EmvFormat, "Это зарубежный платёжный код (EMVCo).");
        return currency is null
            ? refusal
            : refusal with { Details = new Dictionary<string, string>(refusal.Details!) { ["currency"] = currency } };
    }

    private static QrRefusal Unsupported(string format, string whatItIs) =>
        new("qr_unsupported", $"{whatItIs} {AskForSbp}", Of(format));

    private static string NameOf(string format) => format == Sbp ? "код СБП" : "код с банковскими реквизитами";

    private static Dictionary<string, string> Of(string format, string? field = null)
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = format };
        if (field is not null)
        {
            details["field"] = field;
        }

        return details;
    }
}
