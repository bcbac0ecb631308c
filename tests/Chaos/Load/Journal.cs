using System.Collections.Concurrent;
using System.Text.Json;
using ArdorQr.Chaos.Faults;

namespace ArdorQr.Chaos.Load;

/// <summary>
/// What the clients did and were told, and what was done to the processes: the checker's only knowledge of what ought to
/// have happened.
/// </summary>
internal sealed class Journal
{
    private readonly ConcurrentQueue<string> _faults = [];
    private readonly ConcurrentQueue<string> _failedTwice = [];
    private int _retries;
    private int _reads;

    public ConcurrentQueue<PaymentRecord> Payments { get; } = [];

    public ConcurrentQueue<DepositRecord> Deposits { get; } = [];

    public ConcurrentQueue<Receipt> Receipts { get; } = [];

    public ConcurrentQueue<HarmDone> Harms { get; } = [];

    /// <summary>Answers that no outage excuses, as they were met.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>What clients did again because the first try failed: 5xx, 429 or no answer.</summary>
    public int Retries => Volatile.Read(ref _retries);

    /// <summary>Requests that failed at both gateways in a row, with what they got.</summary>
    public IReadOnlyCollection<string> FailedTwice => _failedTwice;

    /// <summary>Lists and single objects that clients looked at.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>SIGKILLs that met a running process.</summary>
    public int Kills => Harms.Count(harm => harm is { Harm: Harm.Kill, IsMet: true });

    public void Fault(string what) => _faults.Enqueue(what);

    public void CountRead() => Interlocked.Increment(ref _reads);

    public void Repeated(string request, IReadOnlyList<string> failures)
    {
        Interlocked.Add(ref _retries, failures.Count);
        if (failures.Count > 1)
        {
            _failedTwice.Enqueue($"{request}: {string.Join("; ", failures)}");
        }
    }
}

/// <summary>
/// One transfer that a client asked the faucet for; the hash is null when no answer came, and then it may stand or not.
/// </summary>
internal sealed record DepositRecord(int Merchant, long Micros, string? TxHash);

/// <summary>One delivery that a merchant's server answered with 200.</summary>
/// <param name="Merchant">The index of whose server.</param>
/// <param name="EventId">The event's.</param>
/// <param name="Type">The event's.</param>
/// <param name="Mode">The event's.</param>
/// <param name="Data">The payment or the deposit as it was told.</param>
/// <param name="BodyHash">SHA-256 of all its bytes.</param>
internal sealed record Receipt(
    int Merchant, Guid EventId, string Type, string Mode, JsonElement Data, string BodyHash)
{
    /// <summary>The payment's or the deposit's.</summary>
    public string ObjectId => Data.GetProperty("id").GetString()!;
}
