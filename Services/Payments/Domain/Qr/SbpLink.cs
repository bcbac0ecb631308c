using System.Text;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// A link of NSPK, the operator of SBP, in any of its spellings: https://, bankNNN:// (opens that bank's application)
/// and intent:// (the same on Android). The host is compared whole, so no look-alike, suffix or user name passes.
/// </summary>
internal readonly ref struct SbpLink
{
    public const string CanonicalPrefix = "https://qr.nspk.ru/";

    private const string SchemeEnd = "://";
    private const string PaymentHost = "qr.nspk.ru/";
    private const string SubscriptionHost = "sub.nspk.ru/";
    private const string BankScheme = "bank";
    private const string IntentStart = "#Intent;";
    private const string IntentEnd = ";end";

    private SbpLink(bool isSubscription, ReadOnlySpan<char> target, bool isWhole)
    {
        IsSubscription = isSubscription;
        Target = target;
        IsWhole = isWhole;
    }

    /// <summary>True for the host of subscriptions.</summary>
    public bool IsSubscription { get; }

    /// <summary>What follows the host and its slash: the id and the parameters.</summary>
    public ReadOnlySpan<char> Target { get; }

    /// <summary>False for an intent:// without its end.</summary>
    public bool IsWhole { get; }

    public static bool TryFind(ReadOnlySpan<char> text, out SbpLink link)
    {
        link = default;
        var schemeLength = text.IndexOf(SchemeEnd);
        if (schemeLength <= 0)
        {
            return false;
        }

        var scheme = text[..schemeLength];
        var isIntent = Ascii.EqualsIgnoreCase(scheme, "intent");
        if (!isIntent && !Ascii.EqualsIgnoreCase(scheme, "https") && !IsBankScheme(scheme))
        {
            return false;
        }

        var address = text[(schemeLength + SchemeEnd.Length)..];
        var isSubscription = StartsWith(address, SubscriptionHost);
        if (!isSubscription && !StartsWith(address, PaymentHost))
        {
            return false;
        }

        var target = address[(isSubscription ? SubscriptionHost : PaymentHost).Length..];
        link = isIntent ? OfIntent(isSubscription, target) : new SbpLink(isSubscription, target, true);
        return true;
    }

    private static SbpLink OfIntent(bool isSubscription, ReadOnlySpan<char> target)
    {
        var start = target.IndexOf(IntentStart);
        var isWhole = start >= 0 && target[(start + IntentStart.Length - 1)..].EndsWith(IntentEnd);
        return new SbpLink(isSubscription, isWhole ? target[..start] : target, isWhole);
    }

    private static bool IsBankScheme(ReadOnlySpan<char> scheme) =>
        scheme.Length > BankScheme.Length
        && scheme.Length <= BankScheme.Length + SbpReader.MemberIdDigits
        && StartsWith(scheme, BankScheme)
        && !scheme[BankScheme.Length..].ContainsAnyExceptInRange('0', '9');

    // Not OrdinalIgnoreCase: only ASCII letters may be folded in a host.
    private static bool StartsWith(ReadOnlySpan<char> text, string start) =>
        text.Length >= start.Length && Ascii.EqualsIgnoreCase(text[..start.Length], start);
}
