using System.Text;
using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Payments.Domain;

/// <summary>The one spelling of a code: what the rail gets, however the code was written or mis-decoded.</summary>
internal static class CanonicalQr
{
    private const string BankTransferHeader = "ST00012"; // Version 1, UTF-8.
    private const string UsualSeparators = "|~^#;!$%&*@";
    private const int FirstRareSeparator = 0xA1;

    public static string Of(QrCode code) => code switch
    {
        SbpQrCode sbp => sbp.CanonicalUrl,
        BankTransferQrCode transfer => OfFields(transfer.Fields),
        _ => throw new ArgumentException($"{code.GetType().Name} has no canonical spelling.", nameof(code)),
    };

    private static string OfFields(IReadOnlyDictionary<string, string> fields)
    {
        var separator = SeparatorFor(fields);
        var text = new StringBuilder(BankTransferHeader);
        foreach (var (key, value) in fields)
        {
            text.Append(separator).Append(key).Append('=').Append(value);
        }

        return text.ToString();
    }

    /// <summary>The first that stands in no field; a code of 2,048 characters can't hold them all.</summary>
    private static char SeparatorFor(IReadOnlyDictionary<string, string> fields) =>
        UsualSeparators
            .Concat(Enumerable.Range(FirstRareSeparator, QrReader.MaxCharacters * 2)
                .Select(code => (char)code)
                .Where(char.IsSymbol))
            .First(candidate => !fields.Any(field => field.Key.Contains(candidate) || field.Value.Contains(candidate)));
}
