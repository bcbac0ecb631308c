using System.Globalization;

namespace ArdorQr.Webhooks.Domain;

/// <summary>An <c>X-Ardor-Signature</c> that somebody received, taken apart.</summary>
internal sealed record SignatureHeader
{
    private const int HmacDigits = 64;
    private const int MaxLength = 1_024;

    private SignatureHeader(string timestamp, DateTimeOffset signedAt, IReadOnlyList<string> values) =>
        (Timestamp, SignedAt, Values) = (timestamp, signedAt, values);

    /// <summary>The text of <c>t</c>, as it was signed.</summary>
    public string Timestamp { get; }

    public DateTimeOffset SignedAt { get; }

    /// <summary>The <c>v1</c> values, one or, after a rotation, two.</summary>
    public IReadOnlyList<string> Values { get; }

    /// <summary>Null when it isn't <c>t=…,v1=…</c>.</summary>
    public static SignatureHeader? TryParse(string text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        var parts = text.Split(',', StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .ToLookup(part => part[0], part => part[1]);
        var values = parts["v1"].ToList();
        return parts["t"].ToList() is [var timestamp]
            && long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            && values.Count > 0 && values.TrueForAll(
                value => value.Length == HmacDigits && value.All(char.IsAsciiHexDigit))
                ? new SignatureHeader(timestamp, DateTimeOffset.FromUnixTimeSeconds(seconds), values)
                : null;
    }
}
