using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>Statements on merchants that several features need.</summary>
internal static class Merchants
{
    /// <summary>Locks the merchant's row until the end of the transaction; null if there is none.</summary>
    public static Task<MerchantRow?> LockAsync(ServiceTransaction transaction, Guid id, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT id, number, name, status, created_at FROM gateway.merchant WHERE id = @id FOR NO KEY UPDATE
            """;
        return transaction.QuerySingleOrDefaultAsync<MerchantRow>(sql, new { id }, cancellationToken);
    }

    /// <summary>Sets the status of a merchant that this transaction has locked.</summary>
    public static async Task<MerchantRow> SetStatusAsync(
        ServiceTransaction transaction, MerchantRow merchant, string status, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(
            "UPDATE gateway.merchant SET status = @status WHERE id = @id", new { merchant.Id, status }, cancellationToken);
        await Changes.AnnounceAsync(transaction, merchant.Id, cancellationToken);
        return merchant with { Status = status };
    }
}
