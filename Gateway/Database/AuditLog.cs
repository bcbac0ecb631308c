using System.Text.Json;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Gateway.Database;

/// <summary>What an operator did.</summary>
/// <param name="Action">Such as <c>merchant.suspend</c>.</param>
/// <param name="SubjectId">Whom or what it was done to.</param>
/// <param name="MerchantId">Whom it concerns, if it concerns one.</param>
/// <param name="Reason">In the operator's words.</param>
/// <param name="Before">How it was; no secrets.</param>
/// <param name="After">How it is.</param>
internal sealed record AuditEntry(
    string Action, string SubjectId, Guid? MerchantId = null, string? Reason = null, object? Before = null, object? After = null);

/// <summary>The audit log: an entry commits with the change it tells of, and stays.</summary>
internal sealed class AuditLog(ServiceDatabase database, TimeProvider time)
{
    private const string Sql =
        """
        INSERT INTO gateway.audit_entry (id, operator, action, subject_id, merchant_id, reason, before, after, request_id)
        VALUES (@id, @Operator, @Action, @SubjectId, @MerchantId, @Reason, @before::jsonb, @after::jsonb, @requestId)
        """;

    public Task AddAsync(
        ServiceTransaction transaction, HttpContext context, string @operator, AuditEntry entry,
        CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(Sql, Parameters(context, @operator, entry), cancellationToken);

    /// <summary>For what another service did: told once its answer is here.</summary>
    public async Task AddAsync(HttpContext context, string @operator, AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(Sql, Parameters(context, @operator, entry), cancellationToken);
    }

    private object Parameters(HttpContext context, string @operator, AuditEntry entry) => new
    {
        id = Guid.CreateVersion7(time.GetUtcNow()),
        Operator = @operator,
        entry.Action,
        entry.SubjectId,
        entry.MerchantId,
        entry.Reason,
        before = Json(entry.Before),
        after = Json(entry.After),
        requestId = RequestId.Of(context),
    };

    private static string? Json(object? state) => state is null ? null : JsonSerializer.Serialize(state, ApiJson.Options);
}
