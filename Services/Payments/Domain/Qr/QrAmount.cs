using System.Globalization;
using ArdorQr.Contracts;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>A sum as codes write it: whole kopecks in digits only, above zero.</summary>
internal static class QrAmount
{
    public const int MaxDigits = 18;

    public static Kopecks? Parse(ReadOnlySpan<char> digits) =>
        digits.Length is > 0 and <= MaxDigits
        && !digits.ContainsAnyExceptInRange('0', '9')
        && long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture) is > 0 and var kopecks
            ? new Kopecks(kopecks)
            : null;
}
