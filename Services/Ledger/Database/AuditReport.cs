using System.Text.Json.Serialization;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>One check of the reconciliation.</summary>
/// <param name="Name">Names it for programs.</param>
/// <param name="Ok">Found as expected.</param>
/// <param name="Expected">Kopecks, or a number of faults.</param>
/// <param name="Actual">The same of what was found.</param>
/// <param name="Details">What was compared, or what is wrong; for people.</param>
internal sealed record AuditCheck(string Name, bool Ok, decimal Expected, decimal Actual, string Details)
{
    /// <summary>It compares sums of money.</summary>
    [JsonIgnore]
    public bool IsMoney { get; init; }
}

/// <summary>How the books stand by what the auditor has found up to now.</summary>
/// <param name="Checks">Always the same ones.</param>
/// <param name="CaughtUpAt">When all new entries were audited.</param>
internal sealed record AuditReport(IReadOnlyList<AuditCheck> Checks, DateTimeOffset CaughtUpAt)
{
    /// <summary>What each account of the house holds by its audited entries, and all wallets together.</summary>
    public IReadOnlyList<HouseBalance> House { get; init; } = [];

    /// <summary>A sum of the books, in kopecks.</summary>
    internal sealed record HouseBalance(Mode Mode, string Account, decimal Kopecks);

    /// <summary>The sums that are owed by transfers, and held by no account.</summary>
    private static readonly string[] Owed = [AuditSums.OpenDebits, AuditSums.Deposits];

    /// <summary>Without an audit for so long the report isn't worth its name.</summary>
    private const int MaxAgeMinutes = 15;

    /// <summary>So many are named; the rest is counted.</summary>
    private const int MaxNamed = 10;

    /// <summary>The name among the faults of those that are of a transfer and no wallet.</summary>
    private const string Transfer = "transfer";

    /// <summary>More need not be counted exactly.</summary>
    private const int MaxCounted = 10_000;

    public static async Task<AuditReport> ReadAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string stateSql =
            """
            SELECT caught_up_at, clock_timestamp() AS now, wallets_completed_at, transfers_completed_at,
                (SELECT count(*) FROM (SELECT FROM ledger.unaudited LIMIT @maxCounted) AS waiting) AS waiting
            FROM ledger.audit
            """;
        const string sumsSql = "SELECT mode, name, kopecks FROM ledger.audited_sum";
        await using var connection = await database.OpenAsync(cancellationToken);
        var state = await connection.QuerySingleAsync<StateRow>(
            stateSql, new { maxCounted = MaxCounted }, cancellationToken);
        var sums = (await connection.QueryAsync<SumRow>(sumsSql, null, cancellationToken))
            .ToLookup(row => row.Mode);
        var faults = await FaultsAsync(database, cancellationToken);
        List<AuditCheck> checks =
        [
            .. Mode.All.SelectMany(mode =>
                MoneyChecks(mode, sums[mode].ToDictionary(row => row.Name, row => row.Kopecks))),
            FaultCheck("ledger_transfers", faults[Transfer], "transfers that differ from their entries",
                state.TransfersCompletedAt),
            FaultCheck("ledger_chains", faults[AuditFaults.Chain], "wallets with a broken chain",
                state.WalletsCompletedAt),
            FaultCheck("ledger_balances", faults[AuditFaults.Balance], "wallets that differ from their last entry",
                state.WalletsCompletedAt),
            FaultCheck("ledger_checkpoints", faults[AuditFaults.Checkpoint],
                "wallets with a checkpoint that they contradict", state.WalletsCompletedAt),
            new("ledger_audited", state.Now - state.CaughtUpAt < TimeSpan.FromMinutes(MaxAgeMinutes), 0, state.Waiting,
                $"batches of entries not audited yet; all were at {state.CaughtUpAt:O}"),
        ];
        return new AuditReport(checks, state.CaughtUpAt)
        {
            House =
            [
                .. sums.SelectMany(rows => rows).Where(row => !Owed.Contains(row.Name))
                    .Select(row => new HouseBalance(row.Mode, row.Name, row.Kopecks)),
            ],
        };
    }

    private static IEnumerable<AuditCheck> MoneyChecks(Mode mode, Dictionary<string, decimal> sums)
    {
        yield return Money("sum", 0, sums.Where(sum => !Owed.Contains(sum.Key)).Sum(sum => sum.Value),
            "all entries together come to zero");
        yield return Money("payment_clearing", sums.GetValueOrDefault(AuditSums.OpenDebits),
            sums.GetValueOrDefault(Codes.Of(HouseAccount.PaymentClearing)),
            "the payment clearing holds the debits that nothing has closed");
        yield return Money("deposit_clearing", -sums.GetValueOrDefault(AuditSums.Deposits),
            sums.GetValueOrDefault(Codes.Of(HouseAccount.DepositClearing)),
            "the deposit clearing is below zero by the gross sums of the posted deposits");

        AuditCheck Money(string name, decimal expected, decimal actual, string details) =>
            new($"ledger_{name}_{mode.Code}", expected == actual, expected, actual, details) { IsMoney = true };
    }

    private static AuditCheck FaultCheck(
        string name, IEnumerable<FaultRow> faults, string what, DateTimeOffset? completedAt)
    {
        var found = faults.ToList();
        var again = completedAt is { } at
            ? $"the whole history was read again by {at:O}"
            : "the history is being read again for the first time";
        return new AuditCheck(name, found.Count == 0, 0, found.Count, found.Count == 0
            ? $"{what}: none; {again}"
            : string.Join("; ", found.Take(MaxNamed).Select(fault => $"{fault.Subject}: {fault.Details}")));
    }

    private static async Task<ILookup<string, FaultRow>> FaultsAsync(
        ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            (SELECT check_name, coalesce('wallet of ' || merchant_id || ', ' || mode, 'account ' || account_id) AS subject,
                details
             FROM ledger.wallet_fault LEFT JOIN ledger.wallet USING (account_id) ORDER BY account_id LIMIT @limit)
            UNION ALL
            (SELECT @transfer, 'transfer ' || transfer_id, details
             FROM ledger.transfer_fault ORDER BY transfer_id LIMIT @limit)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<FaultRow>(sql, new { limit = MaxCounted, transfer = Transfer }, cancellationToken))
            .ToLookup(row => row.CheckName);
    }

    private sealed record StateRow
    {
        public DateTimeOffset CaughtUpAt { get; init; }
        public DateTimeOffset Now { get; init; }
        public DateTimeOffset? WalletsCompletedAt { get; init; }
        public DateTimeOffset? TransfersCompletedAt { get; init; }
        public long Waiting { get; init; }
    }

    private sealed record SumRow
    {
        public Mode Mode { get; init; } = Mode.Test;
        public string Name { get; init; } = "";
        public decimal Kopecks { get; init; }
    }

    private sealed record FaultRow
    {
        public string CheckName { get; init; } = "";
        public string Subject { get; init; } = "";
        public string Details { get; init; } = "";
    }
}
