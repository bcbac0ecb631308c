using System.Net;
using System.Text.RegularExpressions;
using ArdorQr.Contracts;

namespace ArdorQr.Webhooks.Domain;

/// <summary>
/// A URL that webhooks may be sent to as far as its text tells; where its name leads is checked when connecting.
/// </summary>
internal sealed partial record ReceiverUrl
{
    public const int MaxLength = 2_048;

    /// <summary>
    /// Ends of names that the public DNS doesn't know. They are refused unseen, as are names of one label: an answer
    /// that depends on whether such a name is there would tell what is in our network.
    /// </summary>
    private static readonly string[] InnerEnds =
    [
        ".localhost", ".localdomain", ".local", ".internal", ".intranet", ".private", ".corp", ".home", ".lan",
        ".home.arpa",
    ];

    private ReceiverUrl(Uri uri, bool isOnThisMachine) => (Uri, IsOnThisMachine) = (uri, isOnThisMachine);

    public Uri Uri { get; }

    /// <summary>It is development's exception, and only a loopback address may be behind it.</summary>
    public bool IsOnThisMachine { get; }

    /// <summary>The verdict over a text.</summary>
    internal abstract record Verdict
    {
        private Verdict() { }

        internal sealed record Accepted(ReceiverUrl Url) : Verdict;

        /// <param name="Message">For people, in Russian.</param>
        internal sealed record Invalid(string Message) : Verdict;

        internal sealed record Forbidden : Verdict;
    }

    /// <param name="text">As the merchant wrote it.</param>
    /// <param name="mode">Live takes https only.</param>
    /// <param name="allowLoopback">
    /// Development's exception: test mode may name this machine, spelled exactly so.
    /// </param>
    /// <param name="ports">The ports that others may be called at; the usual ones when null.</param>
    public static Verdict Judge(string text, Mode mode, bool allowLoopback, PortRules? ports = null)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return new Verdict.Invalid($"Адрес вебхуков — URL длиной до {MaxLength} символов.");
        }

        if (text.Any(symbol => char.IsWhiteSpace(symbol) || char.IsControl(symbol) || symbol == '\\')
            || !Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || !(uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
            || uri.Host.Length == 0 || uri.Port == 0)
        {
            return new Verdict.Invalid("Адрес вебхуков должен быть полным URL, например https://example.ru/webhooks.");
        }

        if (mode == Mode.Live && uri.Scheme != Uri.UriSchemeHttps)
        {
            return new Verdict.Invalid("В боевом режиме адрес вебхуков должен начинаться с https://.");
        }

        if (uri.UserInfo.Length > 0 || uri.Fragment.Length > 0
            || AuthorityOf(text).Contains('@', StringComparison.Ordinal))
        {
            return new Verdict.Invalid("Адрес вебхуков не должен содержать логин, пароль или часть после #.");
        }

        if (allowLoopback && mode == Mode.Test && ThisMachine().IsMatch(text))
        {
            return new Verdict.Accepted(new ReceiverUrl(uri, isOnThisMachine: true));
        }

        return (ports ?? PortRules.Default).Allow(uri.Port) ? JudgeHost(uri) : new Verdict.Forbidden();
    }

    private static Verdict JudgeHost(Uri uri)
    {
        // Uri has already turned decimal, octal, hex and short forms of an IPv4 address into the usual one.
        if (IPAddress.TryParse(uri.IdnHost, out var address))
        {
            return AddressRules.IsPublic(address)
                ? new Verdict.Accepted(new ReceiverUrl(uri, false))
                : new Verdict.Forbidden();
        }

        return IsInner(uri.IdnHost)
            ? new Verdict.Forbidden()
            : new Verdict.Accepted(new ReceiverUrl(uri, false));
    }

    private static bool IsInner(string host)
    {
        var name = host.TrimEnd('.');
        return !name.Contains('.', StringComparison.Ordinal)
            || InnerEnds.Any(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase));
    }

    private static string AuthorityOf(string text)
    {
        var start = text.IndexOf("//", StringComparison.Ordinal) + 2;
        var end = text.AsSpan(start).IndexOfAny('/', '?', '#');
        return end < 0 ? text[start..] : text.Substring(start, end);
    }

    [GeneratedRegex(@"^http://(127\.0\.0\.1|localhost):[1-9][0-9]{0,4}([/?].*)?$", RegexOptions.NonBacktracking)]
    private static partial Regex ThisMachine();
}
