using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;

namespace ArdorQr.Deposits.Clients;

/// <summary>
/// Asks a world's rate sources, all at once. A source that fails or answers what can't be read gives no quote; which
/// quotes count is <see cref="RateRule"/>'s.
/// </summary>
internal sealed partial class RateSources(IHttpClientFactory clients, TimeProvider time, ILogger<RateSources> logger)
{
    public const string ClientName = "rates";

    /// <summary>Quotes are asked for again after so long.</summary>
    public const int ReuseSeconds = 5;

    private readonly Dictionary<Mode, (DateTimeOffset AskedAt, IReadOnlyList<RateQuote> Quotes)> _last = [];

    /// <summary>The world's quotes of now, or of a few seconds ago. For one caller at a time per world.</summary>
    public async Task<IReadOnlyList<RateQuote>> QuotesAsync(World world, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow(); // Only spaces the questions; what is fresh enough is judged by the database's clock.
        lock (_last)
        {
            if (_last.TryGetValue(world.Mode, out var last) && now - last.AskedAt < TimeSpan.FromSeconds(ReuseSeconds))
            {
                return last.Quotes;
            }
        }

        var answers = await Task.WhenAll(world.Options.RateSources.Select(source => AskAsync(source, cancellationToken)));
        var quotes = answers.OfType<RateQuote>().ToList();
        lock (_last)
        {
            _last[world.Mode] = (now, quotes); // None at all too: sources that are away must not hold up every deposit.
        }

        return quotes;
    }

    private async Task<RateQuote?> AskAsync(RateSourceOptions source, CancellationToken cancellationToken)
    {
        try
        {
            using var client = clients.CreateClient(ClientName);
            using var request = RequestOf(source);
            using var response = await client.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            var (bid, at, isSandbox) = RateAnswers.Kinds[source.Kind!](answer, time.GetUtcNow());
            return UsdtRate.TryFromDecimal(bid, out var rate)
                ? new RateQuote(source.Name!, rate, at.ToUniversalTime(), isSandbox)
                : null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogSourceFailed(source.Name!, exception.Message);
            return null;
        }
    }

    private static HttpRequestMessage RequestOf(RateSourceOptions source)
    {
        var url = new Uri(source.Url!);
        return RateAnswers.Posts.TryGetValue(source.Kind!, out var body)
            ? new(HttpMethod.Post, url) { Content = new StringContent(body, Encoding.UTF8, "application/json") }
            : new(HttpMethod.Get, url);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rate source {Source} gave no quote: {Reason}")]
    private partial void LogSourceFailed(string source, string reason);
}
