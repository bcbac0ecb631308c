using System.Diagnostics.CodeAnalysis;
using ArdorQr.Contracts;
using ArdorQr.Webhooks.Database;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// What this process has claimed and isn't done with: queued, in flight or being recorded. It knows how much more may
/// be taken, in all and per endpoint, so that an event can be stored under this process's lease and sent from memory;
/// and whether an attempt's end lets something go on that a limit held back.
/// </summary>
internal sealed class ClaimedWork(IOptions<WebhooksOptions> options) : IDisposable
{
    private const int MaxBatch = 512;
    private const int MaxAhead = 1_000; // Claimed past what is in flight: queued, or answered and being recorded.
    private const int MaxQueuedToClaim = MaxAhead / 4;
    private const int TroubledShare = 4; // One in so many places is for endpoints that fail or are slow.
    private const int MaxPerEndpointWhenHalfFull = 2;

    private readonly Lock _gate = new();
    private readonly Queue<QueuedClaim> _queue = new();
    private readonly SemaphoreSlim _queued = new(0);
    private readonly Dictionary<(Guid MerchantId, Mode Mode), Load> _loads = [];

    private bool _isOpen;
    private bool _isFull; // The last look at the database could not take all that was due.
    private int _claimed;
    private int _troubled; // Of them, to endpoints that fail or are slow.
    private long _looks;

    /// <param name="Claim">The lease.</param>
    /// <param name="ClaimedAt">A timestamp of the process's clock, no later than the lease's start.</param>
    internal readonly record struct QueuedClaim(ClaimedDelivery Claim, long ClaimedAt);

    private sealed class Load
    {
        public int Claimed { get; set; }

        /// <summary>Since which look something waits for this endpoint's next end; null when nothing does.</summary>
        public long? HeldBackSince { get; set; }
    }

    /// <summary>From here on somebody sends what is queued; until then, nothing can be reserved.</summary>
    public void Open() => Volatile.Write(ref _isOpen, true);

    /// <summary>Nothing is reserved any more.</summary>
    public void Close() => Volatile.Write(ref _isOpen, false);

    /// <summary>
    /// A place for one delivery that is about to be stored; null when it has to wait. What is reserved is queued by
    /// <see cref="Start"/> or given back by <see cref="Forgo"/>.
    /// </summary>
    /// <returns>How many an endpoint may have claimed now, by all processes.</returns>
    public int? TryReserve(Guid merchantId, Mode mode)
    {
        lock (_gate)
        {
            var share = ShareOf(_claimed);
            if (!Volatile.Read(ref _isOpen) || _claimed >= options.Value.MaxInFlight
                || ClaimedOf(merchantId, mode) >= share)
            {
                return null;
            }

            Count(merchantId, mode);
            return share;
        }
    }

    /// <summary>Nothing came of a reservation.</summary>
    public void Forgo(Guid merchantId, Mode mode)
    {
        lock (_gate)
        {
            Uncount(merchantId, mode);
        }
    }

    /// <summary>Queues what was reserved and is committed now.</summary>
    public void Start(ClaimedDelivery claim, long claimedAt)
    {
        lock (_gate)
        {
            _queue.Enqueue(new QueuedClaim(claim, claimedAt));
        }

        _queued.Release();
    }

    /// <summary>
    /// Called after a commit of a delivery that isn't claimed. True if the endpoint has its share: the next of its
    /// attempts that ends is the time to look then, and not before.
    /// </summary>
    public bool IsHeldBack(Guid merchantId, Mode mode, int share)
    {
        lock (_gate)
        {
            if (!_loads.TryGetValue((merchantId, mode), out var load)
                || load.Claimed < Math.Min(share, ShareOf(_claimed)))
            {
                return false;
            }

            load.HeldBackSince = _looks;
            return true;
        }
    }

    /// <summary>What a look at the database may take now; null when there is enough to do.</summary>
    /// <param name="inFlight">The places that are taken.</param>
    public (long Look, ClaimLimits Limits)? BeginLook(int inFlight)
    {
        lock (_gate)
        {
            var settings = options.Value;
            var total = Math.Min(settings.MaxInFlight + MaxAhead - _claimed, MaxBatch);
            _isFull = total <= 0 || _queue.Count > MaxQueuedToClaim;
            var troubled = Math.Max(settings.MaxInFlight / TroubledShare, 1) - _troubled;
            return _isFull ? null : (++_looks, new ClaimLimits(
                total, Math.Max(troubled, 0), ShareOf(inFlight), settings.MaxInFlightPerFailingEndpoint));
        }
    }

    /// <summary>Queues what a look found.</summary>
    /// <param name="look">Its number.</param>
    /// <param name="claims">In the order in which they are to be sent.</param>
    /// <param name="claimedAt">A timestamp from before it.</param>
    public void Add(long look, IReadOnlyCollection<ClaimedDelivery> claims, long claimedAt)
    {
        if (claims.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            foreach (var claim in claims)
            {
                var load = Count(claim.MerchantId, claim.Mode);
                _troubled += claim.IsTroubled ? 1 : 0;
                load.HeldBackSince = claim.IsOneOfMore ? look : load.HeldBackSince < look ? null : load.HeldBackSince;
                _queue.Enqueue(new QueuedClaim(claim, claimedAt));
            }
        }

        _queued.Release(claims.Count);
    }

    public async Task<QueuedClaim> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _queued.WaitAsync(cancellationToken);
            if (TryDequeue(out var next))
            {
                return next.Value;
            }
        }
    }

    /// <summary>Takes all that is queued and will not be sent.</summary>
    public IReadOnlyList<ClaimedDelivery> Empty()
    {
        lock (_gate)
        {
            var unused = _queue.Select(queued => queued.Claim).ToList();
            _queue.Clear();
            return unused;
        }
    }

    /// <summary>True if the database may hold something that waited for this end.</summary>
    public bool End(ClaimedDelivery claim)
    {
        lock (_gate)
        {
            _troubled -= claim.IsTroubled ? 1 : 0;
            return Uncount(claim.MerchantId, claim.Mode) || _isFull || claim.IsTroubled;
        }
    }

    public void Dispose() => _queued.Dispose();

    private bool TryDequeue([NotNullWhen(true)] out QueuedClaim? next)
    {
        lock (_gate)
        {
            next = _queue.TryDequeue(out var queued) ? queued : null;
            return next is not null;
        }
    }

    /// <summary>The fuller the places are, the fewer one endpoint gets.</summary>
    private int ShareOf(int taken) => taken < options.Value.MaxInFlight / 2
        ? options.Value.MaxInFlightPerEndpoint
        : Math.Min(options.Value.MaxInFlightPerEndpoint, MaxPerEndpointWhenHalfFull);

    private int ClaimedOf(Guid merchantId, Mode mode) =>
        _loads.TryGetValue((merchantId, mode), out var load) ? load.Claimed : 0;

    private Load Count(Guid merchantId, Mode mode)
    {
        if (!_loads.TryGetValue((merchantId, mode), out var load))
        {
            _loads[(merchantId, mode)] = load = new Load();
        }

        load.Claimed++;
        _claimed++;
        return load;
    }

    /// <summary>True if something was held back for it.</summary>
    private bool Uncount(Guid merchantId, Mode mode)
    {
        var load = _loads[(merchantId, mode)];
        _claimed--;
        if (--load.Claimed == 0)
        {
            _loads.Remove((merchantId, mode));
        }

        return load.HeldBackSince is not null;
    }
}
