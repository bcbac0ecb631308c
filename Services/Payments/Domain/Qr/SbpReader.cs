using System.Buffers;
using System.Globalization;
using ArdorQr.Contracts;

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
    private const string Roubles = "RUB";
    private const int ChecksumDigits = 4;

    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static readonly ushort PrefixChecksum = Crc16.Of(SbpLink.CanonicalPrefix.AsSpan());

    /// <param name="link">The link that was found in the text.</param>
    /// <param name="text">The text as it was scanned: mostly the canonical spelling already, and then kept as it is.</param>
    /// <param name="tables">What banks are called.</param>
    public static QrReading Read(SbpLink link, string text, QrTables tables)
    {
        if (link.IsSubscription)
        {
            return Refuse(QrRefusals.Subscription);
        }

        var queryAt = link.Target.IndexOf('?');
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
            ? ShortForm(id, kind, text)
            : ReadQuery(link.Target, id, kind, text, tables);
    }

    private static QrReading.Payable ShortForm(ReadOnlySpan<char> id, SbpKind kind, string text) =>
        new(new SbpQrCode
        {
            Kind = kind,
            QrcId = id.ToString(),
            MemberId = null,
            BankName = null,
            CanonicalUrl = Canonical(text, id, []),
            HasChecksum = false,
        });

    private static QrReading ReadQuery(
        ReadOnlySpan<char> target, ReadOnlySpan<char> id, SbpKind kind, string text, QrTables tables)
    {
        var checksumAt = target.IndexOf(ChecksumSeparator);
        if (checksumAt < 0
            || !Crc16.TryParse(target[(checksumAt + ChecksumSeparator.Length)..], out var checksum)
            || !SbpParameters.TryParse(target[(id.Length + 1)..checksumAt], out var parameters))
        {
            return Refuse(QrRefusals.SbpMalformed);
        }

        var guarded = target[..checksumAt];
        if (Crc16.Continue(PrefixChecksum, guarded) != checksum)
        {
            return Refuse(QrRefusals.ChecksumMismatch(SbpQrCode.FormatName));
        }

        return Check(parameters, kind, out var amount) is { } refusal
            ? Refuse(refusal)
            : new QrReading.Payable(new SbpQrCode
            {
                Kind = kind,
                QrcId = id.ToString(),
                MemberId = parameters.Bank.ToString(),
                BankName = tables.BankNameOf(parameters.Bank),
                Amount = amount,
                CanonicalUrl = Canonical(text, guarded, checksum),
                HasChecksum = true,
            });
    }

    private static string Canonical(string text, ReadOnlySpan<char> guarded, ushort checksum)
    {
        Span<char> tail = stackalloc char[ChecksumSeparator.Length + ChecksumDigits];
        ChecksumSeparator.CopyTo(tail);
        checksum.TryFormat(tail[ChecksumSeparator.Length..], out _, "X4", CultureInfo.InvariantCulture);
        return Canonical(text, guarded, tail);
    }

    /// <summary>The scanned text itself if it is spelt so, for then there is nothing to copy.</summary>
    private static string Canonical(string text, ReadOnlySpan<char> guarded, ReadOnlySpan<char> tail) =>
        text.Length == SbpLink.CanonicalPrefix.Length + guarded.Length + tail.Length
        && text.StartsWith(SbpLink.CanonicalPrefix, StringComparison.Ordinal)
        && text.AsSpan(SbpLink.CanonicalPrefix.Length).StartsWith(guarded)
        && text.AsSpan().EndsWith(tail)
            ? text
            : string.Concat(SbpLink.CanonicalPrefix, guarded, tail);

    private static QrRefusal? Check(SbpParameters parameters, SbpKind kind, out Kopecks? amount)
    {
        amount = null;
        if (parameters.Type is TypeSubscription)
        {
            return QrRefusals.Subscription;
        }

        if (parameters.Type is not (TypeStatic or TypeDynamic))
        {
            return QrRefusals.SbpTypeUnsupported(parameters.Type.ToString());
        }

        return (parameters.Type is TypeDynamic) == (kind == SbpKind.Dynamic)
            ? CheckSum(parameters, kind, out amount)
            : QrRefusals.SbpMalformed;
    }

    private static QrRefusal? CheckSum(SbpParameters parameters, SbpKind kind, out Kopecks? amount)
    {
        amount = null;
        if (!parameters.HasSum && !parameters.HasCurrency)
        {
            return kind == SbpKind.Dynamic ? QrRefusals.AmountMissing : null;
        }

        if (!parameters.HasSum || !parameters.HasCurrency)
        {
            return QrRefusals.SbpMalformed;
        }

        if (parameters.Currency is not Roubles)
        {
            return QrRefusals.CurrencyUnsupported(SbpQrCode.FormatName);
        }

        amount = QrAmount.Parse(parameters.Sum);
        return amount is null ? QrRefusals.AmountInvalid(SbpQrCode.FormatName) : null;
    }

    private static bool IsId(ReadOnlySpan<char> id) =>
        id.Length == IdLength
        && id[0] is ('A' or 'B')
        && id[1] is ('S' or 'D' or 'B')
        && !id.ContainsAnyExcept(IdCharacters);

    private static QrReading.Refused Refuse(QrRefusal refusal) => new(refusal);
}
