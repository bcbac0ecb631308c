using System.Text.Json;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// A wallet holds its adjustment, a credit for each transfer to its address on chain, and a debit for each payment that
/// the rail knows, given back once where the rail refused; no operation is missing, doubled or of nothing.
/// </summary>
internal static class WalletCheck
{
    public static void Run(Evidence evidence, Dictionary<Guid, RailTransfer> rail, Findings findings)
    {
        long credits = 0;
        foreach (var view in evidence.Merchants)
        {
            var expected = ExpectedOf(view, evidence, rail);
            credits += expected.Count(operation => operation.Key.Type == "deposit");
            Compare(view, evidence, expected, findings);
            CheckBalance(view, expected.Values.Sum(), findings);
            CheckHistory(view, findings);
        }

        findings.Holds($"{evidence.Merchants.Count} wallets compared, {credits} credits from the chain");
    }

    /// <summary>A deposit goes by its transaction on chain, a payment by its id.</summary>
    private readonly record struct Operation(string Type, string Source);

    private static Dictionary<Operation, long> ExpectedOf(
        MerchantView view, Evidence evidence, Dictionary<Guid, RailTransfer> rail)
    {
        var expected = new Dictionary<Operation, long> { [new("adjustment", "")] = view.Merchant.FundsMinor };
        var credited = evidence.Truth.Chain
            .Where(transfer => transfer.Owner == view.Merchant.Owner && transfer.IsCredited);
        foreach (var transfer in credited)
        {
            expected[new("deposit", transfer.TxHash)] = transfer.CreditMinor;
        }

        var payments = evidence.Journal.Payments
            .Where(payment => payment.Merchant == view.Merchant.Index && payment.Id is not null);
        foreach (var payment in payments)
        {
            if (rail.TryGetValue(payment.Id!.Value, out var transfer))
            {
                expected[new("payment", $"{payment.Id}")] = -payment.AmountMinor;
                if (transfer.FailureReason is not null)
                {
                    expected[new("refund", $"{payment.Id}")] = payment.AmountMinor;
                }
            }
        }

        return expected;
    }

    private static void Compare(
        MerchantView view, Evidence evidence, Dictionary<Operation, long> expected, Findings findings)
    {
        var merchant = view.Merchant.Id;
        var actual = view.Operations.ToLookup(
            operation => Identify(operation, evidence), operation => operation.GetProperty("amountMinor").GetInt64());
        foreach (var operation in actual)
        {
            var isExpected = expected.TryGetValue(operation.Key, out var amount);
            var what = $"{operation.Key.Type} of {operation.Key.Source}";
            findings.Expect(isExpected, "wallet", () => $"merchant {merchant} has a {what} that nothing demands");
            findings.Expect(
                operation.Count() == 1, "wallet",
                () => $"merchant {merchant} has the {what} {operation.Count()} times");
            findings.Expect(
                !isExpected || operation.All(posted => posted == amount), "wallet",
                () => $"the {what} is {string.Join(", ", operation)} instead of {amount}");
        }

        foreach (var operation in expected.Keys.Where(operation => !actual.Contains(operation)))
        {
            findings.Breach("wallet", $"merchant {merchant} lacks the {operation.Type} of {operation.Source}");
        }
    }

    private static Operation Identify(JsonElement operation, Evidence evidence)
    {
        var type = operation.GetProperty("type").GetString()!;
        var source = operation.GetProperty("sourceId");
        return type switch
        {
            "adjustment" => new(type, ""),
            "deposit" when evidence.Deposits.TryGetValue(source.GetGuid(), out var deposit) =>
                new(type, deposit.GetProperty("txHash").GetString()!),
            _ => new(type, source.ToString()),
        };
    }

    private static void CheckBalance(MerchantView view, long expected, Findings findings)
    {
        findings.Expect(
            view.BalanceMinor == expected, "wallet",
            () => $"merchant {view.Merchant.Id} has {view.BalanceMinor} and must have {expected}");
        // Signed by the platform: the last operation's number, and what is left after it.
        var (sequence, balance) = (
            view.Checkpoint.GetProperty("sequence").GetInt64(), view.Checkpoint.GetProperty("balanceMinor").GetInt64());
        findings.Expect(
            sequence == view.Operations.Count && balance == view.BalanceMinor, "wallet",
            () => $"merchant {view.Merchant.Id} has {view.Operations.Count} operations and {view.BalanceMinor}; its "
                + $"checkpoint names operation {sequence} and {balance}");
    }

    /// <summary>Back from the balance to nothing, without a gap, each operation later than the one before.</summary>
    private static void CheckHistory(MerchantView view, Findings findings)
    {
        var (balance, time) = (view.BalanceMinor, DateTimeOffset.MaxValue);
        foreach (var operation in view.Operations)
        {
            var id = operation.GetProperty("id");
            var after = operation.GetProperty("balanceAfterMinor").GetInt64();
            var createdAt = operation.GetProperty("createdAt").GetDateTimeOffset();
            var (next, nextTime) = (balance, time);
            findings.Expect(
                after == next, "wallet", () => $"operation {id} ends at {after}, the next begins at {next}");
            findings.Expect(
                createdAt < nextTime, "wallet", () => $"operation {id} is of {createdAt:O}, the next of {nextTime:O}");
            (balance, time) = (after - operation.GetProperty("amountMinor").GetInt64(), createdAt);
        }

        findings.Expect(balance == 0, "wallet", () => $"merchant {view.Merchant.Id}'s operations begin at {balance}");
    }
}
