using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Ton;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>POST /faucet/v1/transfers: USDT out of nothing for an owner; on chain with the next block.</summary>
internal static class SendFromFaucet
{
    internal sealed record Request
    {
        public required string ToAddress { get; init; }

        public required Usdt Amount { get; init; }
    }

    /// <param name="TxHash">The transaction of the sender's jetton wallet, hex.</param>
    internal sealed record Response(string TxHash, Usdt Amount, string ToAddress);

    private sealed record Slot(long Lt, long Seqno, DateTimeOffset At);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapSendFromFaucet() => routes.MapPost("/faucet/v1/transfers", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        HttpContext context, ServiceDatabase database, IOptions<SandboxOptions> options, CancellationToken cancellationToken)
    {
        if (!Bearer.Is(context.Request, options.Value.FaucetToken!))
        {
            return TypedResults.Json<object>(new { error = "unauthorized" }, statusCode: StatusCodes.Status401Unauthorized);
        }

        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (!TonAddress.TryParse(request.ToAddress, out var owner) || request.Amount == Usdt.Zero)
        {
            return ChainQuery.Error("toAddress must be an address and amount more than zero");
        }

        var transfer = await ExecuteAsync(database, options.Value.Master, owner, request.Amount, cancellationToken);
        var hash = Convert.ToHexStringLower(Convert.FromBase64String(transfer.TransactionHash(FaucetTransfer.SenderWalletStep)));
        return TypedResults.Json(new Response(hash, request.Amount, request.ToAddress), ApiJson.Options, statusCode: StatusCodes.Status202Accepted);
    }

    internal static async Task<FaucetTransfer> ExecuteAsync(
        ServiceDatabase database, TonAddress master, TonAddress owner, Usdt amount, CancellationToken cancellationToken)
    {
        // The head's row lock hands out logical times one after the other.
        const string takeSlotSql =
            $"""
            UPDATE sandbox.chain
            SET last_lt = greatest(last_lt + @perTransfer, ({ChainHead.SeqnoSql} + 1 - @firstSeqno) * @perBlock)
            RETURNING last_lt AS lt, {ChainHead.SeqnoSql} + 1 AS seqno, clock_timestamp() AS at
            """;
        const string insertTransferSql =
            """
            INSERT INTO sandbox.jetton_transfer (transaction_hash, owner, jetton_wallet, master, amount_micros, lt, seqno, body)
            VALUES (@hash, @owner, @wallet, @master, @amount, @lt, @seqno, @body::jsonb)
            """;
        await using var transaction = await database.BeginAsync(cancellationToken);
        var slot = await transaction.QuerySingleAsync<Slot>(takeSlotSql, new
        {
            perTransfer = ChainTime.LtPerTransfer,
            perBlock = ChainTime.LtPerBlock,
            firstSeqno = ChainTime.FirstSeqno,
        }, cancellationToken);
        var transfer = new FaucetTransfer(owner, master, amount, slot.Lt, slot.Seqno, slot.At);
        var row = ChainDocuments.TransferRow(transfer);
        await transaction.ExecuteAsync(insertTransferSql, new
        {
            hash = transfer.TransactionHash(FaucetTransfer.SenderWalletStep),
            owner = owner.ToRawUpper(),
            wallet = transfer.ReceiverWallet.ToRawUpper(),
            master = master.ToRawUpper(),
            amount,
            lt = transfer.LtOf(FaucetTransfer.SenderWalletStep),
            seqno = slot.Seqno,
            body = row.ToJsonString(),
        }, cancellationToken);
        foreach (var document in ChainDocuments.Transactions(transfer))
        {
            await InsertTransactionAsync(transaction, document, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return transfer;
    }

    private static Task<int> InsertTransactionAsync(ServiceTransaction transaction, JsonObject document, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO sandbox.chain_transaction (hash, account, lt, seqno, body)
            SELECT body ->> 'hash', body ->> 'account', (body ->> 'lt')::bigint, (body ->> 'mc_block_seqno')::bigint, body
            FROM (SELECT @document::jsonb AS body) AS given
            """;
        return transaction.ExecuteAsync(sql, new { document = document.ToJsonString() }, cancellationToken);
    }
}
