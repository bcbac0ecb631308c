using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>What a step of the auditor finds wrong; one fault per check and subject, the first.</summary>
internal sealed class AuditFaults
{
    public const string Chain = "chain";
    public const string Balance = "balance";
    public const string Checkpoint = "checkpoint";

    /// <summary>Of one step; where all is wrong, the first thousand tell it.</summary>
    private const int MaxOfStep = 1_000;

    private readonly Dictionary<(string Check, long AccountId), string> _wallets = [];
    private readonly Dictionary<Guid, string> _transfers = [];

    public void Wallet(string check, long accountId, string? fault)
    {
        if (fault is not null && _wallets.Count < MaxOfStep)
        {
            _wallets.TryAdd((check, accountId), fault);
        }
    }

    public void Transfer(Guid transferId, string? fault)
    {
        if (fault is not null && _transfers.Count < MaxOfStep)
        {
            _transfers.TryAdd(transferId, fault);
        }
    }

    /// <summary>Writes them down; those of an earlier round that were seen again stay.</summary>
    public async Task SaveAsync(
        ServiceTransaction transaction, long walletRound, long transferRound, CancellationToken cancellationToken)
    {
        const string walletSql =
            """
            INSERT INTO ledger.wallet_fault AS known (check_name, account_id, details, round)
            SELECT check_name, account_id, details, @round
            FROM unnest(@checks, @accounts, @details) AS found (check_name, account_id, details)
            ON CONFLICT (check_name, account_id) DO UPDATE SET details = excluded.details, round = excluded.round
            """;
        const string transferSql =
            """
            INSERT INTO ledger.transfer_fault AS known (transfer_id, details, round)
            SELECT transfer_id, details, @round FROM unnest(@ids, @details) AS found (transfer_id, details)
            ON CONFLICT (transfer_id) DO UPDATE SET details = excluded.details, round = excluded.round
            """;
        if (_wallets.Count > 0)
        {
            await transaction.ExecuteAsync(walletSql, new
            {
                round = walletRound,
                checks = _wallets.Keys.Select(key => key.Check).ToArray(),
                accounts = _wallets.Keys.Select(key => key.AccountId).ToArray(),
                details = _wallets.Values.ToArray(),
            }, cancellationToken);
        }

        if (_transfers.Count > 0)
        {
            await transaction.ExecuteAsync(transferSql, new
            {
                round = transferRound,
                ids = _transfers.Keys.ToArray(),
                details = _transfers.Values.ToArray(),
            }, cancellationToken);
        }
    }
}
