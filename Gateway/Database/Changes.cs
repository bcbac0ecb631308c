using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>Tells every replica that a merchant or one of its keys has changed.</summary>
internal static class Changes
{
    /// <summary>The channel of PostgreSQL's NOTIFY; its messages carry nothing, the version row says it all.</summary>
    public const string Channel = "gateway_change";

    /// <summary>
    /// Raises the version in the change's own transaction and notifies on its commit. The caller has locked the
    /// merchant's row already: merchant first, version last, everywhere, so that two changes never wait for each other.
    /// </summary>
    public static Task AnnounceAsync(ServiceTransaction transaction, Guid merchantId, CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH next AS (UPDATE gateway.change SET version = version + 1 RETURNING version),
            marked AS (
                UPDATE gateway.merchant SET changed_version = next.version FROM next WHERE id = @merchantId)
            SELECT pg_notify(@channel, '')
            """;
        return transaction.ExecuteAsync(sql, new { merchantId, channel = Channel }, cancellationToken);
    }
}
