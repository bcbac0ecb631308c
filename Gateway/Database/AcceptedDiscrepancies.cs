using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>Statements on <c>gateway.accepted_discrepancy</c>: differences that stay, and that an operator has clarified.</summary>
internal static class AcceptedDiscrepancies
{
    private const string Key = "kind, details -> 'ids', jsonb_build_array(details -> 'left', details -> 'right')";

    /// <summary>Whether just this difference, with these sides, was accepted.</summary>
    public static Task<bool> ContainAsync(
        ServiceTransaction transaction, string kind, string details, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             SELECT EXISTS (
                 SELECT FROM gateway.accepted_discrepancy
                 WHERE (kind, ids, sides) = (SELECT {Key} FROM (SELECT @kind AS kind, @details::jsonb AS details) AS found))
             """;
        return transaction.QuerySingleAsync<bool>(sql, new { kind, details }, cancellationToken);
    }

    /// <summary>Accepts what a run found under a number; null when there is no such, or when it is a service's own check.</summary>
    public static Task<string?> AcceptAsync(
        ServiceTransaction transaction, Guid runId, int number, string reason, string acceptedBy,
        CancellationToken cancellationToken)
    {
        const string sql =
            $$"""
             WITH found AS (
                 SELECT kind, details FROM gateway.discrepancy
                 WHERE run_id = @runId AND number = @number AND details -> 'ids' <> '{}'),
             accepted AS (
                 INSERT INTO gateway.accepted_discrepancy (kind, ids, sides, reason, accepted_by)
                 SELECT {{Key}}, @reason, @acceptedBy FROM found
                 ON CONFLICT DO NOTHING)
             SELECT details::text FROM found
             """;
        return transaction.QuerySingleOrDefaultAsync<string>(
            sql, new { runId, number, reason, acceptedBy }, cancellationToken);
    }
}
