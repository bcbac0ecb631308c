namespace ArdorQr.Ledger.Features;

/// <summary>
/// How much of the time a run of the auditor may work, so that posting keeps the machine: after each step it rests, the
/// longer the less of the time is its own. It may fall behind while much is posted, and the further behind it is, the
/// larger is its share, up to all: then it keeps up with whatever is posted.
/// </summary>
internal sealed class AuditPace
{
    /// <summary>So far behind it works without a rest; well before the report says that it is too old.</summary>
    public static readonly TimeSpan FullWhenBehind = TimeSpan.FromMinutes(10);

    private readonly double _share;
    private readonly TimeSpan _atMost;
    private readonly TimeProvider _time;
    private readonly long _began;

    private AuditPace(double share, TimeSpan atMost, TimeProvider time) =>
        (_share, _atMost, _time, _began) = (share, atMost, time, time.GetTimestamp());

    /// <summary>False when the run has had its time.</summary>
    public bool GoesOn => _time.GetElapsedTime(_began) < _atMost;

    /// <summary>Without a rest, for so long at most.</summary>
    public static AuditPace Full(TimeSpan atMost, TimeProvider time) => new(1, atMost, time);

    /// <summary>A share of the time.</summary>
    /// <param name="percent">1 to 100, while it is up to date.</param>
    /// <param name="time">Measures, and drives the rest.</param>
    public static AuditPace Shared(int percent, TimeProvider time) => new(percent / 100.0, TimeSpan.MaxValue, time);

    /// <summary>How long to rest after a step.</summary>
    public TimeSpan RestAfter(TimeSpan worked, TimeSpan behind)
    {
        var share = Math.Clamp(behind / FullWhenBehind, _share, 1);
        return worked * (1 / share - 1);
    }

    public Task RestAsync(TimeSpan worked, TimeSpan behind, CancellationToken cancellationToken) =>
        RestAfter(worked, behind) is var rest && rest > TimeSpan.Zero
            ? Task.Delay(rest, _time, cancellationToken)
            : Task.CompletedTask;
}
