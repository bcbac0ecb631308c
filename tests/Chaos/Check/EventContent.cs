using System.Text.Json;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// What an event tells of its payment or deposit is what the client began, what the outside did, and, of an end, all
/// that the API shows of it.
/// </summary>
internal static class EventContent
{
    public const string Kind = "content";

    private const string Mode = "test";

    private sealed record Known(
        Dictionary<Guid, PaymentRecord> Begun, Dictionary<Guid, JsonElement> Shown, Dictionary<string, ChainTransfer> Chain);

    public static void Check(
        Evidence evidence, IReadOnlyList<Receipt> events, Dictionary<Guid, RailTransfer> rail, Findings findings)
    {
        var known = new Known(
            evidence.Journal.Payments.Where(payment => payment.Id is not null).ToDictionary(payment => payment.Id!.Value),
            evidence.Merchants.SelectMany(view => view.Payments)
                .ToDictionary(payment => payment.GetProperty("id").GetGuid()),
            evidence.Truth.Chain.ToDictionary(transfer => transfer.TxHash));
        foreach (var told in events)
        {
            var wrong = told.Type.StartsWith("payment.", StringComparison.Ordinal)
                ? PaymentFaults(told, known, rail)
                : DepositFaults(told, known, evidence.Deposits);
            foreach (var what in wrong.Concat(told.Mode == Mode ? [] : ["mode"]))
            {
                findings.Breach(Kind, $"{told.Type} {told.EventId} of {told.ObjectId} tells another {what}: {told.Data}");
            }
        }
    }

    private static IEnumerable<string> PaymentFaults(Receipt told, Known known, Dictionary<Guid, RailTransfer> rail)
    {
        if (!Guid.TryParse(told.ObjectId, out var id) || !known.Begun.TryGetValue(id, out var payment)
            || !rail.TryGetValue(id, out var transfer))
        {
            return []; // It didn't happen: a breach already.
        }

        var isEnd = told.Type != "payment.processing";
        List<string> wrong =
        [
            .. Differences(told.Data, new
            {
                status = isEnd ? transfer.Status : "confirming",
                failureReason = isEnd ? transfer.FailureReason : null,
                amountMinor = payment.AmountMinor,
                feeMinor = 0,
                totalMinor = payment.AmountMinor,
                currency = "RUB",
                reference = payment.Key,
                mode = Mode,
            }),
        ];
        return isEnd && known.Shown.TryGetValue(id, out var shown) ? wrong.Union(Differences(told.Data, shown)) : wrong;
    }

    private static IEnumerable<string> DepositFaults(
        Receipt told, Known known, IReadOnlyDictionary<Guid, JsonElement> deposits)
    {
        var hash = told.Data.GetProperty("txHash").GetString()!;
        if (!known.Chain.TryGetValue(hash, out var transfer))
        {
            return [];
        }

        var isEnd = told.Type != "deposit.pending";
        List<string> wrong =
        [
            .. Differences(told.Data, new
            {
                status = isEnd ? "credited" : "pending",
                amount = transfer.Micros / 1_000_000m,
                grossMinor = isEnd ? transfer.GrossMinor : (long?)null,
                creditedMinor = isEnd ? transfer.CreditMinor : (long?)null,
                currency = "RUB",
            }),
        ];
        return isEnd && deposits.TryGetValue(Guid.Parse(told.ObjectId), out var shown)
            ? wrong.Union(Differences(told.Data, shown)) : wrong;
    }

    /// <summary>The names of what should be in it and isn't so.</summary>
    private static IEnumerable<string> Differences(JsonElement told, object expected) =>
        Differences(told, JsonSerializer.SerializeToElement(expected));

    private static IEnumerable<string> Differences(JsonElement told, JsonElement expected) =>
        expected.EnumerateObject()
            .Where(property => !told.TryGetProperty(property.Name, out var value) || !AreEqual(value, property.Value))
            .Select(property => property.Name);

    /// <summary>A number is the same with zeros at its end.</summary>
    private static bool AreEqual(JsonElement one, JsonElement other) =>
        one.ValueKind == JsonValueKind.Number && other.ValueKind == JsonValueKind.Number
            ? one.GetDecimal() == other.GetDecimal() : JsonElement.DeepEquals(one, other);
}
