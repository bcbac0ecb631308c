using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>The newest block that can be seen, by the database's clock.</summary>
internal sealed record ChainHead(long Seqno, DateTimeOffset GenesisAt)
{
    /// <summary>The number of the chain's newest block; the one after it is being filled.</summary>
    public const string TrueSeqnoSql =
        $"(SELECT {ChainTime.FirstSeqnoSql} + floor(extract(epoch FROM clock_timestamp() - genesis_at))::bigint"
        + " FROM sandbox.chain)";

    /// <summary>The number of the block being seen: an index that is behind shows an older one.</summary>
    public const string SeqnoSql =
        $"(SELECT least({TrueSeqnoSql}, CASE WHEN frozen_until > clock_timestamp() THEN frozen_seqno END) FROM sandbox.chain)";

    public DateTimeOffset GeneratedAt => GenesisAt.AddSeconds(Seqno - ChainTime.FirstSeqno);

    public static Task<ChainHead> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<ChainHead>(
            $"SELECT {SeqnoSql} AS seqno, genesis_at FROM sandbox.chain", null, cancellationToken);
}
