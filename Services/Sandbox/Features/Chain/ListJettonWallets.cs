using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Ton;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>GET /chain/api/v3/jetton/wallets: what owners hold, as of the newest block.</summary>
internal static class ListJettonWallets
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapListJettonWallets() => routes.MapGet("/jetton/wallets", HandleAsync);
    }

    private sealed record Row(string JettonWallet, string Owner, string Master, long Balance, long LastLt);

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT jetton_wallet, owner, master, sum(micros)::bigint AS balance, max(lt) AS last_lt
            FROM sandbox.wallet_change
            WHERE (@wallets::text[] IS NULL OR jetton_wallet = ANY(@wallets))
                AND (@owners::text[] IS NULL OR owner = ANY(@owners))
                AND (@masters::text[] IS NULL OR master = ANY(@masters))
                AND seqno <= {ChainHead.SeqnoSql}
            GROUP BY jetton_wallet, owner, master
            ORDER BY jetton_wallet
            LIMIT @limit OFFSET @offset
            """;
        var query = new ChainQuery(request.Query);
        var parameters = new
        {
            wallets = query.Addresses("address"),
            owners = query.Addresses("owner_address"),
            masters = query.Addresses("jetton_address"),
            limit = query.Limit,
            offset = query.Offset,
        };
        if (query.Fault is { } fault)
        {
            return ChainQuery.Error(fault);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(sql, parameters, cancellationToken);
        return TypedResults.Json(new JsonObject
        {
            ["jetton_wallets"] = new JsonArray([.. rows.Select(Wallet)]),
            ["address_book"] = new JsonObject(),
            ["metadata"] = new JsonObject(),
        });
    }

    private static JsonObject Wallet(Row row) => new()
    {
        ["address"] = row.JettonWallet,
        ["balance"] = row.Balance.ToString(CultureInfo.InvariantCulture),
        ["owner"] = row.Owner,
        ["jetton"] = row.Master,
        ["last_transaction_lt"] = row.LastLt.ToString(CultureInfo.InvariantCulture),
        ["code_hash"] = JettonWallet.UsdtMainnetCode.HashBase64,
        ["data_hash"] = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{row.JettonWallet}:{row.Balance}"))),
    };
}
