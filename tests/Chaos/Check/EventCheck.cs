namespace ArdorQr.Chaos.Check;

/// <summary>
/// Every event that must have been told was delivered, under one id with the same bytes, and no other was.
/// </summary>
internal static class EventCheck
{
    public static void Run(Evidence evidence, Dictionary<Guid, RailTransfer> rail, Findings findings)
    {
        var events = evidence.Receipts.GroupBy(receipt => receipt.EventId).ToList();
        foreach (var received in events)
        {
            findings.Expect(
                received.DistinctBy(receipt => (receipt.Merchant, receipt.Type, receipt.ObjectId, receipt.BodyHash))
                    .Count() == 1,
                "event", () => $"{received.Key} was delivered in different forms");
        }

        var told = events.Select(received => received.First()).ToLookup(receipt => (receipt.Type, receipt.ObjectId));
        var expected = Expected(evidence, rail).ToDictionary(each => (each.Type, each.ObjectId), each => each.Merchant);
        foreach (var (key, merchant) in expected)
        {
            var found = told[key].ToList();
            findings.Expect(found.Count > 0, "event", () => $"{key.Type} of {key.ObjectId} was never delivered");
            findings.Expect(
                found.Count <= 1, "event", () => $"{key.Type} of {key.ObjectId} was told as {found.Count} events");
            findings.Expect(
                found.All(receipt => receipt.Merchant == merchant), "event",
                () => $"{key.Type} of {key.ObjectId} was told to another merchant");
        }

        foreach (var key in told.Select(each => each.Key).Where(key => !expected.ContainsKey(key)))
        {
            findings.Breach("event", $"{key.Type} of {key.ObjectId} was told, and it didn't happen");
        }

        findings.Holds(
            $"{expected.Count} events demanded, {events.Count} delivered in {evidence.Receipts.Count} deliveries");
    }

    private static IEnumerable<(string Type, string ObjectId, int Merchant)> Expected(
        Evidence evidence, Dictionary<Guid, RailTransfer> rail)
    {
        foreach (var payment in evidence.Journal.Payments)
        {
            if (payment.Id is { } id && rail.TryGetValue(id, out var transfer))
            {
                yield return ("payment.processing", $"{id}", payment.Merchant);
                if (!transfer.IsOpen)
                {
                    yield return ($"payment.{transfer.Status}", $"{id}", payment.Merchant);
                }
            }
        }

        // By the ids of the credits; that each transfer on chain has one is the wallets' check.
        foreach (var view in evidence.Merchants)
        {
            var credits = view.Operations.Where(operation => operation.GetProperty("type").GetString() == "deposit");
            foreach (var operation in credits)
            {
                var id = operation.GetProperty("sourceId").GetString()!;
                yield return ("deposit.pending", id, view.Merchant.Index);
                yield return ("deposit.credited", id, view.Merchant.Index);
            }
        }
    }
}
