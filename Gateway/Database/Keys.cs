using ArdorQr.Contracts;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Gateway.Database;

/// <summary>How a key is stored and read, wherever it is issued or shown.</summary>
internal static class Keys
{
    /// <summary>Stores the key's hash and hint; returns when it was created.</summary>
    public static Task<DateTimeOffset> InsertAsync(
        ServiceTransaction transaction, Guid id, Guid merchantId, ApiKey key, string? label, KeyGrant grant,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO gateway.api_key (
                id, merchant_id, mode, public_id, key_hash, hint, label, rights, allowed_ips, max_payment_kopecks,
                budget_ids, budget_kopecks)
            VALUES (
                @id, @merchantId, @mode, @publicId, @hash, @hint, @label, @rights, @allowedIps, @maxPayment,
                @budgetIds, @budgetKopecks)
            RETURNING created_at
            """;
        return transaction.QuerySingleAsync<DateTimeOffset>(sql, new
        {
            id,
            merchantId,
            mode = key.Mode.Code,
            publicId = key.PublicId,
            hash = key.Hash(),
            hint = key.Hint,
            label,
            rights = grant.Permissions.ToArray(),
            allowedIps = grant.AllowedIps?.Select(range => range.ToString()).ToArray(),
            maxPayment = grant.Limits.MaxPayment?.Value,
            budgetIds = grant.Limits.DailyBudgets.Select(budget => budget.Id).ToArray(),
            budgetKopecks = grant.Limits.DailyBudgets.Select(budget => budget.Limit.Value).ToArray(),
        }, cancellationToken);
    }

    /// <summary>The grant as the columns tell it.</summary>
    public static KeyGrant GrantOf(
        string[] rights, string[]? allowedIps, long? maxPayment, Guid[] budgetIds, long[] budgetKopecks) => new(
        rights,
        allowedIps?.Select(text => AddressRange.TryParse(text)!.Value).ToArray(),
        maxPayment is null && budgetIds.Length == 0
            ? PaymentLimits.None
            : new PaymentLimits(
                maxPayment is { } max ? new Kopecks(max) : null,
                [.. budgetIds.Zip(budgetKopecks, (id, limit) => new DailyBudget(id, new Kopecks(limit)))]));
}
