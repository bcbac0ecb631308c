using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Recovery;

/// <summary>
/// Holds what leaves for the outside while the service's database is one that was restored and not yet matched with
/// the outside. Without <c>Recovery:Since</c> it was always open.
/// </summary>
public sealed class RecoveryGate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _begunAtTicks = DateTimeOffset.MaxValue.UtcTicks;

    /// <summary>Reads the setting.</summary>
    internal RecoveryGate(IOptions<RecoveryOptions> options)
    {
        IsRestored = options.Value.Since is not null;
        if (!IsRestored)
        {
            Open();
        }
    }

    /// <summary>Whether the database is a restored one, by the setting.</summary>
    public bool IsRestored { get; }

    /// <summary>Whether money and messages may leave.</summary>
    public bool IsOpen => _opened.Task.IsCompleted;

    /// <summary>Returns when it is open; it never closes again.</summary>
    public Task WaitOpenAsync(CancellationToken cancellationToken) => _opened.Task.WaitAsync(cancellationToken);

    /// <summary>
    /// Whether a thing of this age may have gone further than the restored database knows, so that the outside is asked
    /// for it before it is sent.
    /// </summary>
    public bool MayBeKnownOutside(DateTimeOffset createdAt) =>
        IsRestored && createdAt.UtcTicks <= Volatile.Read(ref _begunAtTicks);

    internal void Begin(DateTimeOffset begunAt) => Volatile.Write(ref _begunAtTicks, begunAt.UtcTicks);

    internal void Open() => _opened.TrySetResult();
}
