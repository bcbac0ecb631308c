using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// Every event that must have been told by the truth of the rail and of the chain was delivered, under one id with the
/// same bytes, with what is true in it; and no other was.
/// </summary>
internal static class EventCheck
{
    public const string Kind = "event";

    public static void Run(Evidence evidence, Dictionary<Guid, RailTransfer> rail, Findings findings)
    {
        var events = evidence.Receipts.GroupBy(receipt => receipt.EventId).ToList();
        foreach (var received in events)
        {
            findings.Expect(
                received.DistinctBy(receipt => (receipt.Merchant, receipt.Type, receipt.ObjectId, receipt.BodyHash))
                    .Count() == 1,
                Kind, () => $"{received.Key} was delivered in different forms");
        }

        var told = events.Select(received => received.First()).ToLookup(Subject.Of);
        var expected = Expected(evidence, rail).ToDictionary(each => each.Subject, each => each.Merchant);
        foreach (var (subject, merchant) in expected)
        {
            var found = told[subject].ToList();
            findings.Expect(found.Count > 0, Kind, () => $"{subject} was never delivered");
            findings.Expect(found.Count <= 1, Kind, () => $"{subject} was told as {found.Count} events");
            findings.Expect(
                found.All(receipt => receipt.Merchant == merchant), Kind, () => $"{subject} was told to another merchant");
        }

        foreach (var subject in told.Select(each => each.Key).Where(subject => !expected.ContainsKey(subject)))
        {
            findings.Breach(Kind, $"{subject} was told, and it didn't happen");
        }

        EventContent.Check(evidence, [.. told.SelectMany(each => each)], rail, findings);
        findings.Holds(
            $"{expected.Count} events demanded, {events.Count} delivered in {evidence.Receipts.Count} deliveries");
    }

    /// <summary>A payment goes by its id; a deposit by its transaction, whatever id the platform gave it.</summary>
    private readonly record struct Subject(string Type, string Source)
    {
        public static Subject Of(Receipt receipt) => new(
            receipt.Type, receipt.Data.TryGetProperty("txHash", out var hash) ? hash.GetString()! : receipt.ObjectId);

        public override string ToString() => $"{Type} of {Source}";
    }

    private static IEnumerable<(Subject Subject, int Merchant)> Expected(
        Evidence evidence, Dictionary<Guid, RailTransfer> rail)
    {
        foreach (var payment in evidence.Journal.Payments)
        {
            if (payment.Id is { } id && rail.TryGetValue(id, out var transfer))
            {
                yield return (new("payment.processing", $"{id}"), payment.Merchant);
                if (!transfer.IsOpen)
                {
                    yield return (new($"payment.{transfer.Status}", $"{id}"), payment.Merchant);
                }
            }
        }

        var merchants = evidence.Merchants.ToDictionary(view => view.Merchant.Owner, view => view.Merchant.Index);
        foreach (var transfer in evidence.Truth.Chain.Where(transfer => transfer.IsCredited))
        {
            if (merchants.TryGetValue(transfer.Owner, out var merchant))
            {
                yield return (new("deposit.pending", transfer.TxHash), merchant);
                yield return (new("deposit.credited", transfer.TxHash), merchant);
            }
        }
    }
}
