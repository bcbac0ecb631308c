using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Deposits.Features;

/// <summary>The rate of now, from a world's sources under its guards; none at all when they don't hold.</summary>
internal sealed partial class TakeRate(
    RateSources sources, ReferenceRates references, WatchStatus status, ServiceDatabase database, ILogger<TakeRate> logger)
{
    public async Task<AcceptedRate?> RunAsync(World world, CancellationToken cancellationToken)
    {
        var quotes = await sources.QuotesAsync(world, cancellationToken);
        var reference = await references.FindAsync(world, cancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        var last = await AcceptedRates.LastAsync(connection, world.Mode, cancellationToken);
        var rate = world.RateRule.Apply(quotes, new RateGuards(last.Now, last.Rate, last.AcceptedAt, reference));
        if (rate is null)
        {
            var told = string.Join(", ", quotes.Select(quote => $"{quote.Source} {quote.Rate}"));
            LogNoRate(world.Mode.Code, told, last.Rate, reference);
        }
        else
        {
            status.RateAccepted(world.Mode, rate.At);
        }

        return rate;
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "No valid {Mode} rate among [{Quotes}]; the last one was {Last}, the reference is {Reference}")]
    private partial void LogNoRate(string mode, string quotes, UsdtRate? last, UsdtRate? reference);
}
