using System.Collections.Concurrent;

namespace ArdorQr.Chaos.Load;

/// <summary>What the clients did and were told: the checker's only knowledge of what ought to have happened.</summary>
internal sealed class Journal
{
    private readonly ConcurrentQueue<string> _faults = [];
    private readonly ConcurrentQueue<string> _failedTwice = [];
    private int _retries;

    public ConcurrentQueue<PaymentRecord> Payments { get; } = [];

    public ConcurrentQueue<DepositRecord> Deposits { get; } = [];

    public ConcurrentQueue<Receipt> Receipts { get; } = [];

    /// <summary>Answers that no outage excuses, as they were met.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>What clients did again because the first try failed: 5xx, 429 or no answer.</summary>
    public int Retries => Volatile.Read(ref _retries);

    /// <summary>Requests that failed at both gateways in a row, with what they got.</summary>
    public IReadOnlyCollection<string> FailedTwice => _failedTwice;

    public void Fault(string what) => _faults.Enqueue(what);

    public void Repeated(string request, IReadOnlyList<string> failures)
    {
        Interlocked.Add(ref _retries, failures.Count);
        if (failures.Count > 1)
        {
            _failedTwice.Enqueue($"{request}: {string.Join("; ", failures)}");
        }
    }
}

/// <summary>One payment that a client began.</summary>
internal sealed class PaymentRecord(int merchant, string code, long amountMinor)
{
    public int Merchant => merchant;

    public string Code => code;

    public long AmountMinor => amountMinor;

    /// <summary>The two digits that decide what the rail does.</summary>
    public int Ending => (int)(amountMinor % 100);

    /// <summary>Null when it was refused at once, or never answered.</summary>
    public Guid? Id { get; set; }

    /// <summary>The refusal of the first step.</summary>
    public string? Refusal { get; set; }

    /// <summary>A confirm was sent: from then on money may move.</summary>
    public bool IsConfirmSent { get; set; }

    /// <summary>A confirm was answered with 200: from then on it must.</summary>
    public bool IsConfirmed { get; set; }
}

/// <summary>
/// One transfer that a client asked the faucet for; the hash is null when no answer came, and then it may stand or not.
/// </summary>
internal sealed record DepositRecord(int Merchant, long Micros, string? TxHash);

/// <summary>One delivery that a merchant's server answered with 200.</summary>
internal sealed record Receipt(int Merchant, Guid EventId, string Type, string ObjectId, string BodyHash);
