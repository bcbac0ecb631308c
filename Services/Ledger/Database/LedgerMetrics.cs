using System.Diagnostics.Metrics;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Database;

/// <summary>What the engine tells its watchers: the queue's depth, the batches' sizes, what was answered.</summary>
internal sealed class LedgerMetrics
{
    private const string MeterName = "ArdorQr.Ledger";

    private readonly Histogram<int> _batch;
    private readonly Counter<long> _transfers;
    private readonly UpDownCounter<int> _queued;

    public LedgerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _batch = meter.CreateHistogram<int>("ledger.batch.size", "{request}", "Requests posted by one commit");
        _transfers = meter.CreateCounter<long>("ledger.transfers", "{transfer}", "Transfers by their first answer");
        _queued = meter.CreateUpDownCounter<int>("ledger.queue.depth", "{request}", "Requests that wait for a batch");
    }

    public void Queued() => _queued.Add(1);

    public void Taken(int count) => _queued.Add(-count);

    public void Committed(int batch, Postings postings)
    {
        _batch.Record(batch);
        foreach (var group in postings.Transfers.CountBy(transfer => (transfer.Kind, transfer.Status)))
        {
            _transfers.Add(group.Value,
                new KeyValuePair<string, object?>("kind", Codes.Of(group.Key.Kind)),
                new KeyValuePair<string, object?>("status", Codes.Of(group.Key.Status)));
        }
    }
}
