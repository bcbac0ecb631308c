using System.Text.Json.Nodes;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using static ArdorQr.Sandbox.Domain.ChainText;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>GET /chain/api/v3/masterchainInfo: the newest block.</summary>
internal static class GetMasterchainInfo
{
    /// <summary>TON's test network.</summary>
    public const int NetworkGlobalId = -3;

    extension(IEndpointRouteBuilder routes)
    {
        public void MapGetMasterchainInfo() => routes.MapGet("/masterchainInfo", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var head = await ChainHead.ReadAsync(connection, cancellationToken);
        return TypedResults.Json(new JsonObject { ["last"] = Block(head, head.Seqno), ["first"] = Block(head, ChainTime.FirstSeqno) });
    }

    private static JsonObject Block(ChainHead head, long seqno) => new()
    {
        ["workchain"] = -1,
        ["shard"] = "8000000000000000",
        ["seqno"] = seqno,
        ["root_hash"] = Digest($"root:{seqno}"),
        ["file_hash"] = Digest($"file:{seqno}"),
        ["global_id"] = NetworkGlobalId,
        ["version"] = 0,
        ["after_merge"] = false,
        ["before_split"] = false,
        ["after_split"] = false,
        ["want_merge"] = true,
        ["want_split"] = false,
        ["key_block"] = false,
        ["vert_seqno_incr"] = false,
        ["flags"] = 1,
        ["gen_utime"] = Text(head.GenesisAt.AddSeconds(seqno - ChainTime.FirstSeqno).ToUnixTimeSeconds()),
        ["start_lt"] = Text(ChainTime.StartLt(seqno)),
        ["end_lt"] = Text(ChainTime.EndLt(seqno)),
        ["validator_list_hash_short"] = 0,
        ["gen_catchain_seqno"] = 1,
        ["min_ref_mc_seqno"] = seqno - 1,
        ["prev_key_block_seqno"] = ChainTime.FirstSeqno,
        ["vert_seqno"] = 0,
        ["master_ref_seqno"] = 0,
        ["rand_seed"] = Digest($"seed:{seqno}"),
        ["created_by"] = Digest("created by"),
        ["tx_count"] = 0,
        ["masterchain_block_ref"] = new JsonObject { ["workchain"] = -1, ["shard"] = "8000000000000000", ["seqno"] = seqno },
        ["prev_blocks"] = new JsonArray(
            new JsonObject { ["workchain"] = -1, ["shard"] = "8000000000000000", ["seqno"] = seqno - 1 }),
    };
}
