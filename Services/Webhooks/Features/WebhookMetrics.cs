using System.Diagnostics.Metrics;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// What the platform team sees of deliveries: attempts by their outcome, how long receivers take, what is due.
/// </summary>
internal static class WebhookMetrics
{
    private static readonly Meter Meter = new("ArdorQr.Webhooks");

    private static readonly Counter<long> Attempts =
        Meter.CreateCounter<long>("ardorqr.webhooks.attempts", description: "Attempts to hand a webhook over");

    private static readonly Histogram<double> Durations =
        Meter.CreateHistogram<double>(
            "ardorqr.webhooks.attempt.duration", "s", "From the start of an attempt to its answer");

    private static long _backlog;
    private static double _oldestSeconds;

    static WebhookMetrics()
    {
        Meter.CreateObservableGauge("ardorqr.webhooks.backlog", () =>
            Volatile.Read(ref _backlog), description: "Deliveries that are due and not made, of all processes");
        Meter.CreateObservableGauge("ardorqr.webhooks.backlog.age", () =>
            Volatile.Read(ref _oldestSeconds), "s", "How long the longest due one has been so");
    }

    public static void BacklogIs(long count, double oldestSeconds)
    {
        Volatile.Write(ref _backlog, count);
        Volatile.Write(ref _oldestSeconds, oldestSeconds);
    }

    public static void Attempted(Answer answer)
    {
        var outcome = answer switch
        {
            { IsSuccess: true } => "delivered",
            { Error: { } error } => error,
            _ => "refused",
        };
        Attempts.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        Durations.Record(answer.Duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
    }
}
