using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;

namespace ArdorQr.Deposits.Clients;

/// <summary>
/// The Bank of Russia's dollar rate, which a quote for a dollar's stablecoin must be near. It changes once a working
/// day, so it is asked for once an hour and serves while it is no older than the longest holidays.
/// </summary>
internal sealed partial class ReferenceRates(
    IHttpClientFactory clients, TimeProvider time, ILogger<ReferenceRates> logger)
{
    private const int ReuseMinutes = 60;
    private const int RetrySeconds = 30;
    private const int MaxAgeDays = 14;

    private readonly Dictionary<Mode, (DateTimeOffset AskedAt, Daily? Known)> _last = [];

    /// <param name="Rate">Roubles for one dollar.</param>
    /// <param name="On">The day that it is set for.</param>
    internal sealed record Daily(UsdtRate Rate, DateOnly On);

    /// <summary>Null when the world has no reference, or it can't be had. For one caller at a time per world.</summary>
    public async Task<UsdtRate?> FindAsync(World world, CancellationToken cancellationToken)
    {
        if (world.Options.ReferenceRateUrl is not { } url)
        {
            return null;
        }

        var now = time.GetUtcNow();
        (DateTimeOffset AskedAt, Daily? Known) last;
        lock (_last)
        {
            last = _last.GetValueOrDefault(world.Mode);
        }

        var reuse = last.Known is null ? TimeSpan.FromSeconds(RetrySeconds) : TimeSpan.FromMinutes(ReuseMinutes);
        if (now - last.AskedAt >= reuse)
        {
            last = (now, await AskAsync(url, cancellationToken) ?? last.Known);
            lock (_last)
            {
                _last[world.Mode] = last;
            }
        }

        return last.Known is { } known
            && Math.Abs(known.On.DayNumber - DateOnly.FromDateTime(now.UtcDateTime).DayNumber) <= MaxAgeDays
                ? known.Rate
                : null;
    }

    /// <summary>
    /// <c>&lt;ValCurs Date="19.06.2026"&gt;&lt;Valute ID="R01235"&gt;&lt;CharCode&gt;USD&lt;/CharCode&gt;
    /// &lt;Nominal&gt;1&lt;/Nominal&gt;…&lt;Value&gt;78,5067&lt;/Value&gt;…</c>
    /// </summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static Daily Read(string xml)
    {
        try
        {
            var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit };
            using var reader = XmlReader.Create(new StringReader(xml), settings);
            var root = XDocument.Load(reader).Root!;
            var dollar = root.Elements("Valute").Single(valute => (string?)valute.Element("CharCode") == "USD");
            var value = decimal.Parse(
                ((string)dollar.Element("Value")!).Replace(',', '.'), NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture);
            var nominal = int.Parse(
                (string)dollar.Element("Nominal")!, NumberStyles.None, CultureInfo.InvariantCulture);
            var on = DateOnly.ParseExact((string)root.Attribute("Date")!, "dd.MM.yyyy", CultureInfo.InvariantCulture);
            return UsdtRate.TryFromDecimal(value / nominal, out var rate)
                ? new Daily(rate, on)
                : throw new FormatException("The dollar has no rate.");
        }
        catch (Exception exception)
            when (exception is XmlException or InvalidOperationException or ArgumentException or ArithmeticException)
        {
            throw new FormatException("These are no daily rates.", exception);
        }
    }

    private async Task<Daily?> AskAsync(string url, CancellationToken cancellationToken)
    {
        try
        {
            using var client = clients.CreateClient(RateSources.ClientName);
            // In windows-1251; what is read of it is ASCII, which Latin-1 leaves as it is.
            return Read(Encoding.Latin1.GetString(await client.GetByteArrayAsync(new Uri(url), cancellationToken)));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(exception.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The reference rate can't be had: {Reason}")]
    private partial void LogFailed(string reason);
}
