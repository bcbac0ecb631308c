using System.Text.Json.Nodes;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>Puts what happened on the chain, into the block that is being filled.</summary>
internal static class ChainWriter
{
    /// <summary>The next place on the chain; the head's row lock hands out logical times one after the other.</summary>
    public static Task<ChainSlot> TakeSlotAsync(ServiceTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            UPDATE sandbox.chain
            SET last_lt = greatest(last_lt + @perTransfer, ({ChainHead.TrueSeqnoSql} + 1 - @firstSeqno) * @perBlock)
            RETURNING last_lt AS lt, {ChainHead.TrueSeqnoSql} + 1 AS seqno, clock_timestamp() AS at
            """;
        return transaction.QuerySingleAsync<ChainSlot>(sql, new
        {
            perTransfer = ChainTime.LtPerTransfer,
            perBlock = ChainTime.LtPerBlock,
            firstSeqno = ChainTime.FirstSeqno,
        }, cancellationToken);
    }

    public static async Task WriteAsync(
        ServiceTransaction transaction, ChainRecord record, int lateBlocks, CancellationToken cancellationToken)
    {
        if (record.Row is { } row)
        {
            await InsertRowAsync(transaction, record.Transfer, row, lateBlocks, cancellationToken);
        }

        foreach (var document in record.Transactions)
        {
            await InsertTransactionAsync(transaction, document, cancellationToken);
        }

        foreach (var change in record.Changes)
        {
            await InsertChangeAsync(transaction, change, record.Transfer.Slot.Seqno, cancellationToken);
        }
    }

    private static Task<int> InsertRowAsync(
        ServiceTransaction transaction, ChainTransfer transfer, JsonObject row, int lateBlocks,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO sandbox.jetton_transfer (
                transaction_hash, owner, jetton_wallet, master, amount_micros, lt, seqno, shown_seqno, body)
            VALUES (@hash, @owner, @wallet, @master, @amount, @lt, @seqno, @shownSeqno, @body::jsonb)
            """;
        return transaction.ExecuteAsync(sql, new
        {
            hash = transfer.TransactionHash(ChainTransfer.SenderWalletStep),
            owner = transfer.Terms.Owner.ToRawUpper(),
            wallet = transfer.ReceiverWallet.ToRawUpper(),
            master = transfer.Terms.Master.ToRawUpper(),
            amount = transfer.Terms.Amount,
            lt = transfer.LtOf(ChainTransfer.SenderWalletStep),
            seqno = transfer.Slot.Seqno,
            shownSeqno = transfer.Slot.Seqno + lateBlocks,
            body = row.ToJsonString(),
        }, cancellationToken);
    }

    private static Task<int> InsertTransactionAsync(
        ServiceTransaction transaction, JsonObject document, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO sandbox.chain_transaction (hash, account, lt, seqno, body)
            SELECT body ->> 'hash', body ->> 'account', (body ->> 'lt')::bigint, (body ->> 'mc_block_seqno')::bigint, body
            FROM (SELECT @document::jsonb AS body) AS given
            """;
        return transaction.ExecuteAsync(sql, new { document = document.ToJsonString() }, cancellationToken);
    }

    private static Task<int> InsertChangeAsync(
        ServiceTransaction transaction, WalletChange change, long seqno, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO sandbox.wallet_change (jetton_wallet, lt, owner, master, micros, seqno)
            VALUES (@wallet, @lt, @owner, @master, @micros, @seqno)
            """;
        return transaction.ExecuteAsync(sql, new
        {
            wallet = change.JettonWallet.ToRawUpper(),
            lt = change.Lt,
            owner = change.Owner.ToRawUpper(),
            master = change.Master.ToRawUpper(),
            micros = change.Micros,
            seqno,
        }, cancellationToken);
    }
}
