using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Deposits.Database;

/// <summary>A wallet beside what it should hold.</summary>
/// <param name="Address">Whose wallet.</param>
/// <param name="BalanceMicros">What the chain says that it holds.</param>
/// <param name="ExpectedMicros">What was verified to have come and gone, up to the same logical time.</param>
/// <param name="WalletLt">That time: of the wallet's newest transaction.</param>
internal sealed record ComparedWallet(AddressRow Address, long BalanceMicros, long ExpectedMicros, long WalletLt)
{
    public bool Differs => BalanceMicros != ExpectedMicros;
}

/// <summary>
/// What our wallets should hold by the receipts and movements that were verified, and where that isn't so.
/// </summary>
internal static class WalletBooks
{
    private sealed record ExpectedRow(string Wallet, long Micros);

    /// <summary>Compares balances with what was verified up to each wallet's newest transaction.</summary>
    public static async Task<IReadOnlyList<ComparedWallet>> CompareAsync(
        NpgsqlConnection connection, IReadOnlyList<AddressRow> addresses, IReadOnlyList<WalletBalance> balances,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT given.wallet, (
                coalesce((
                    SELECT sum(amount_micros) FROM deposits.deposit
                    WHERE network_global_id = @networkGlobalId AND jetton_wallet = given.wallet AND receiver_lt <= given.lt), 0)
                + coalesce((
                    SELECT sum(micros) FROM deposits.movement
                    WHERE network_global_id = @networkGlobalId AND jetton_wallet = given.wallet AND lt <= given.lt), 0)
                )::bigint AS micros
            FROM unnest(@wallets, @lts) AS given (wallet, lt)
            """;
        if (addresses.Count == 0)
        {
            return [];
        }

        var byWallet = balances.ToDictionary(balance => balance.Wallet.ToRaw());
        // A wallet that isn't there holds nothing, whatever was verified.
        var lts = addresses.Select(address => byWallet.GetValueOrDefault(address.JettonWallet)?.LastLt ?? long.MaxValue);
        var rows = await connection.QueryAsync<ExpectedRow>(sql, new
        {
            networkGlobalId = addresses[0].NetworkGlobalId,
            wallets = addresses.Select(address => address.JettonWallet).ToArray(),
            lts = lts.ToArray(),
        }, cancellationToken);
        var expected = rows.ToDictionary(row => row.Wallet, row => row.Micros);
        return
        [
            .. addresses.Select(address => byWallet.GetValueOrDefault(address.JettonWallet) is { } balance
                ? new ComparedWallet(address, balance.Micros, expected[address.JettonWallet], balance.LastLt)
                : new ComparedWallet(address, 0, expected[address.JettonWallet], 0)),
        ];
    }

    /// <summary>Keeps the wallets that differ, and forgets those that don't any more.</summary>
    /// <param name="transaction">The leader's.</param>
    /// <param name="mode">The wallets' mode.</param>
    /// <param name="compared">The wallets.</param>
    /// <param name="replayedLt">Up to where their transactions were read again; null when they weren't.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public static async Task KeepAsync(
        ServiceTransaction transaction, Mode mode, IReadOnlyList<ComparedWallet> compared, long? replayedLt,
        CancellationToken cancellationToken)
    {
        const string forgetSql = "DELETE FROM deposits.wallet_difference WHERE mode = @mode AND owner = ANY(@owners)";
        const string keepSql =
            """
            INSERT INTO deposits.wallet_difference (mode, owner, balance_micros, expected_micros, wallet_lt, replayed_lt)
            VALUES (@mode, @owner, @balance, @expected, @walletLt, coalesce(@replayedLt, 0))
            ON CONFLICT (mode, owner) DO UPDATE
            SET balance_micros = excluded.balance_micros, expected_micros = excluded.expected_micros,
                wallet_lt = excluded.wallet_lt, checked_at = clock_timestamp(),
                replayed_lt = coalesce(@replayedLt, wallet_difference.replayed_lt)
            """;
        var even = compared.Where(wallet => !wallet.Differs).Select(wallet => wallet.Address.Owner).ToArray();
        await transaction.ExecuteAsync(forgetSql, new { mode, owners = even }, cancellationToken);
        foreach (var wallet in compared.Where(wallet => wallet.Differs))
        {
            await transaction.ExecuteAsync(keepSql, new
            {
                mode,
                owner = wallet.Address.Owner,
                balance = wallet.BalanceMicros,
                expected = wallet.ExpectedMicros,
                walletLt = wallet.WalletLt,
                replayedLt,
            }, cancellationToken);
        }
    }

    /// <summary>Notes what left a wallet or came back, once per transaction.</summary>
    public static Task NoteMovementAsync(
        ServiceTransaction transaction, AddressRow address, ChainTransaction source, WalletEvent.Moved moved,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO deposits.movement (network_global_id, transaction_hash, jetton_wallet, lt, kind, micros, to_address)
            VALUES (@networkGlobalId, @hash, @wallet, @lt, @kind, @micros, @to)
            ON CONFLICT DO NOTHING
            """;
        return transaction.ExecuteAsync(sql, new
        {
            networkGlobalId = address.NetworkGlobalId,
            hash = source.Hash.Hex,
            wallet = address.JettonWallet,
            lt = source.Lt,
            kind = moved.Kind,
            micros = moved.Micros,
            to = moved.To?.ToRaw(),
        }, cancellationToken);
    }
}
