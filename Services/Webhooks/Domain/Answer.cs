using System.Text;

namespace ArdorQr.Webhooks.Domain;

/// <summary>What came of one attempt: a receiver's answer, or why there was none.</summary>
internal sealed record Answer
{
    /// <summary>The bytes of a receiver's answer that are kept.</summary>
    public const int MaxKeptBytes = 1_024;

    private const int Gone = 410;

    /// <summary>The HTTP status, or null when no answer came.</summary>
    public int? Status { get; init; }

    /// <summary>Why no answer came, one of <see cref="AttemptErrors"/>; null when one did.</summary>
    public string? Error { get; init; }

    /// <summary>The start of the answer's body, at most <see cref="MaxKeptBytes"/> in UTF-8.</summary>
    public string? Body { get; init; }

    public TimeSpan Duration { get; init; }

    /// <summary>How long the receiver asked to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The receiver says that it is there no more.</summary>
    public bool IsGone => Status == Gone;

    /// <summary>
    /// Bytes of unknown kind as text: read as UTF-8 with a mark in place of what isn't (and of U+0000, which a database
    /// can't hold), cut to <see cref="MaxKeptBytes"/>, never within a character.
    /// </summary>
    public static string Excerpt(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes).Replace('\0', '\uFFFD');
        var kept = 0;
        var end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (kept + rune.Utf8SequenceLength > MaxKeptBytes)
            {
                break;
            }

            kept += rune.Utf8SequenceLength;
            end += rune.Utf16SequenceLength;
        }

        return text[..end];
    }
}

/// <summary>Why an attempt got no answer, as the merchant's log of deliveries shows it.</summary>
internal static class AttemptErrors
{
    public const string TimedOut = "timeout";
    public const string NameNotResolved = "dns_failed";
    public const string NotConnected = "connection_failed";
    public const string TlsFailed = "tls_failed";
    public const string AddressForbidden = "address_forbidden";
    public const string BadResponse = "bad_response";
}
