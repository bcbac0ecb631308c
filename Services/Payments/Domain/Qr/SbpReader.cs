using System.Text;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// Reads <c>ID32[?type=01|02&amp;bank=12 digits[&amp;sum=kopecks&amp;cur=RUB]&amp;crc=4 hex]</c>. The checksum covers
/// the https spelling up to <c>&amp;crc=</c>, whatever spelling was scanned; nothing may follow it unguarded.
/// </summary>
internal static class SbpReader
{
    public const int MemberIdDigits = 12;

    private const int IdLength = 32;
    private const string ChecksumSeparator = "&crc=";
    private const string TypeStatic = "01";
    private const string TypeDynamic = "02";
    private const string TypeSubscription = "03";

    public static QrReading Read(SbpLink link, QrTables tables)
    {
        if (link.IsSubscription)
        {
            return Refuse(QrRefusals.Subscription);
        }

        var queryAt = link.Target.IndexOf('?', StringComparison.Ordinal);
        var id = queryAt < 0 ? link.Target : link.Target[..queryAt];
        if (!link.IsWhole || !IsId(id))
        {
            return Refuse(QrRefusals.SbpMalformed);
        }

        if (id[1] == 'B')
        {
            return Refuse(QrRefusals.Subscription);
        }

        var kind = id[1] == 'D' ? SbpKind.Dynamic : SbpKind.Static;
        return queryAt < 0
            ? ShortForm(id, kind)
            : ReadQuery(link.Target, id, kind, tables);
    }

    private static QrReading.Payable ShortForm(string id, SbpKind kind) =>
        new(new SbpQrCode
        {
            Kind = kind,
            QrcId = id,
            MemberId = null,
            BankName = null,
            CanonicalUrl = SbpLink.CanonicalPrefix + id,
            HasChecksum = false,
        });

    private static QrReading ReadQuery(string target, string id, SbpKind kind, QrTables tables)
    {
        var checksumAt = target.IndexOf(ChecksumSeparator, StringComparison.Ordinal);
        if (checksumAt < 0
            || !Crc16.TryParse(target.AsSpan(checksumAt + ChecksumSeparator.Length), out var checksum)
            || SbpParameters.Parse(target.AsSpan(id.Length + 1, checksumAt - id.Length - 1)) is not { } parameters)
        {
            return Refuse(QrRefusals.SbpMalformed);
        }

        var guarded = SbpLink.CanonicalPrefix + target[..checksumAt];
        if (Crc16.Of(Encoding.ASCII.GetBytes(guarded)) != checksum)
        {
            return Refuse(QrRefusals.ChecksumMismatch(SbpQrCode.FormatName));
        }

        return Check(parameters, kind) is { } refusal
            ? Refuse(refusal)
            : new QrReading.Payable(new SbpQrCode
            {
                Kind = kind,
                QrcId = id,
                MemberId = parameters.Bank,
                BankName = tables.BankNameOf(parameters.Bank),
                Amount = parameters.Sum is null ? null : QrAmount.Parse(parameters.Sum),
                CanonicalUrl = $"{guarded}{ChecksumSeparator}{checksum:X4}",
                HasChecksum = true,
            });
    }

    private static QrRefusal? Check(SbpParameters parameters, SbpKind kind)
    {
        if (parameters.Type == TypeSubscription)
        {
            return QrRefusals.Subscription;
        }

        if (parameters.Type is not (TypeStatic or TypeDynamic))
        {
            return QrRefusals.SbpTypeUnsupported(parameters.Type);
        }

        if ((parameters.Type == TypeDynamic) != (kind == SbpKind.Dynamic))
        {
            return QrRefusals.SbpMalformed;
        }

        return CheckSum(parameters, kind);
    }

    private static QrRefusal? CheckSum(SbpParameters parameters, SbpKind kind) => parameters switch
    {
        { Sum: null, Currency: null } => kind == SbpKind.Dynamic ? QrRefusals.AmountMissing : null,
        { Sum: null } or { Currency: null } => QrRefusals.SbpMalformed,
        { Currency: not "RUB" } => QrRefusals.CurrencyUnsupported(SbpQrCode.FormatName),
        { Sum: var sum } => QrAmount.Parse(sum) is null ? QrRefusals.AmountInvalid(SbpQrCode.FormatName) : null,
    };

    private static bool IsId(string id) =>
        id.Length == IdLength
        && id[0] is ('A' or 'B')
        && id[1] is ('S' or 'D' or 'B')
        && id.All(character => char.IsAsciiDigit(character) || char.IsAsciiLetterUpper(character));

    private static QrReading.Refused Refuse(QrRefusal refusal) => new(refusal);
}
