using System.Text.Json;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// The operator's reconciliation has every check that it is known for, all of them hold, and the sums in them are those
/// of the outside: no rouble of a wallet or of the house is made or lost. No message was given up by its consumer.
/// </summary>
internal static class BooksCheck
{
    private const string Kind = "books";

    public static IReadOnlyList<string> Names { get; } =
    [
        "ledger_sum_test", "ledger_payment_clearing_test", "ledger_deposit_clearing_test", "ledger_transfers",
        "ledger_chains", "ledger_balances", "ledger_checkpoints", "ledger_audited", "payments_attempts_kopecks",
        "payments_debits_at_ledger", "payments_refunds_overdue", "payments_settlements_overdue",
        "payments_contradicted_by_rail", "payments_rail_statement_test_kopecks", "chain_balances_test",
        "deposits_posted_test", "undelivered_webhooks", "webhook_events_without_delivery", "overdue_webhooks",
    ];

    public static void Run(Evidence evidence, Findings findings)
    {
        var checks = evidence.Reconciliation.GetProperty("checks").EnumerateArray().ToList();
        foreach (var check in checks.Where(check => !check.GetProperty("ok").GetBoolean()))
        {
            findings.Breach(Kind, $"{check.GetProperty("name")}: expected {check.GetProperty("expected")}, "
                + $"actual {check.GetProperty("actual")}, {check.GetProperty("details")}");
        }

        findings.Expect(
            evidence.Reconciliation.GetProperty("balanced").GetBoolean(), Kind, () => "they don't balance");
        var byName = checks.DistinctBy(check => check.GetProperty("name").GetString()!)
            .ToDictionary(check => check.GetProperty("name").GetString()!);
        foreach (var name in Names.Where(name => !byName.ContainsKey(name)))
        {
            findings.Breach(Kind, $"the reconciliation has no {name}");
        }

        CheckSums(evidence, byName, findings);
        var compared = evidence.Comparison?.GetProperty("run");
        findings.Expect(
            compared is not { } run
                || (run.GetProperty("state").GetString() == "done" && run.GetProperty("discrepancies").GetInt64() == 0), Kind,
            () => $"the comparison of all books found: {evidence.Comparison}");
        foreach (var letter in evidence.DeadLetters)
        {
            findings.Breach("letter", $"a consumer has given a message up: {letter}");
        }

        var holding = checks.Count(check => check.GetProperty("ok").GetBoolean());
        findings.Holds($"the operator's reconciliation: {holding} of {checks.Count} checks hold, "
            + $"{evidence.DeadLetters.Count} dead letters; all books compared: "
            + $"{compared?.GetProperty("compared").ToString() ?? "no, since two releases run"}");
    }

    private static void CheckSums(Evidence evidence, Dictionary<string, JsonElement> checks, Findings findings)
    {
        var ordered = evidence.Journal.Payments.Where(payment => payment.Id is not null)
            .ToDictionary(payment => payment.Id!.Value, payment => payment.AmountMinor);
        var owners = evidence.Merchants.Select(view => view.Merchant.Owner).ToHashSet();
        var credited = evidence.Truth.Chain.Where(transfer => transfer.IsCredited && owners.Contains(transfer.Owner)).ToList();
        Expect("ledger_audited", 0, "batches that nobody has audited");
        Expect("ledger_sum_test", 0, "all accounts together");
        Expect(
            "ledger_payment_clearing_test",
            evidence.Truth.Rail.Where(transfer => transfer.IsOpen).Sum(transfer => transfer.AmountMinor!.Value),
            "what the rail leaves open");
        Expect(
            "ledger_deposit_clearing_test", -credited.Sum(transfer => transfer.GrossMinor), "what came by the chain");
        Expect(
            "payments_attempts_kopecks",
            evidence.Truth.Rail.Sum(transfer => ordered.GetValueOrDefault(transfer.Id)), "what the rail knows");
        Expect("deposits_posted_test", credited.Sum(transfer => transfer.CreditMinor), "what the chain's transfers are worth");

        void Expect(string name, long sum, string what)
        {
            if (checks.TryGetValue(name, out var check))
            {
                findings.Expect(
                    check.GetProperty("actual").GetDecimal() == sum, Kind,
                    () => $"{name} is {check.GetProperty("actual")}; {what}: {sum}");
            }
        }
    }
}
