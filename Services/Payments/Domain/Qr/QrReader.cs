namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// Reads the text of any QR code in time linear in its length: what can be paid becomes a <see cref="QrCode"/>,
/// everything else a refusal that says what the code is. It never throws, whatever the text.
/// </summary>
internal static class QrReader
{
    /// <summary>Counted in Unicode characters, as the contract's maxLength is.</summary>
    public const int MaxCharacters = 2048;

    public static QrReading Read(string text, QrTables tables)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Read(text, tables, mayBeMisdecoded: true);
    }

    /// <summary>Reads the raw bytes of a code, as a scanner that leaves the encoding alone gives them.</summary>
    public static QrReading Read(ReadOnlySpan<byte> bytes, QrTables tables) =>
        QrBytes.TryDecode(bytes, out var text)
            ? Read(text, tables, mayBeMisdecoded: false)
            : new QrReading.Refused(QrRefusals.EncodingInvalid);

    private static QrReading Read(string text, QrTables tables, bool mayBeMisdecoded)
    {
        if (QrText.CharactersOf(text) > MaxCharacters)
        {
            return new QrReading.Refused(QrRefusals.TooLong);
        }

        var trimmed = QrText.Trim(text);
        if (trimmed.IsEmpty)
        {
            return new QrReading.Refused(QrRefusals.Empty);
        }

        if (SbpLink.TryFind(trimmed, out var link))
        {
            return SbpReader.Read(link, text, tables);
        }

        return BankTransferReader.Recognizes(trimmed)
            ? BankTransferReader.Read(QrText.TrimStart(text), mayBeMisdecoded, tables)
            : new QrReading.Refused(ForeignCodes.Recognize(trimmed.ToString()));
    }
}
