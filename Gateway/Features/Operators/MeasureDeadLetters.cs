using System.Diagnostics.Metrics;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// Counts now and then what lies dead: in the broker's error queues and in what was moved from there. It moves nothing.
/// </summary>
internal sealed class MeasureDeadLetters : RepeatedJob
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly ServiceDatabase _database;
    private readonly DeadLetterQueues _queues;
    private long? _last;

    public MeasureDeadLetters(
        ServiceDatabase database, DeadLetterQueues queues, IMeterFactory meters, TimeProvider time,
        ILogger<MeasureDeadLetters> logger)
        : base(Interval, "Counting dead letters", time, logger)
    {
        (_database, _queues) = (database, queues);
        meters.Create("ArdorQr.Gateway").CreateObservableGauge(
            "ardorqr.dead.letters", () => _last is { } last ? [new Measurement<long>(last)] : Array.Empty<Measurement<long>>(),
            "{message}", "Messages that no consumer could take, and that nobody has replayed");
    }

    protected override async Task RunOnceAsync(CancellationToken cancellationToken) =>
        _last = await DeadLetters.WaitingAsync(_database, cancellationToken) + await _queues.CountAsync(cancellationToken);
}
