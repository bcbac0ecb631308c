using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>A row of <c>gateway.approval</c>: an action of one operator that waits for another's word.</summary>
internal sealed record ApprovalRow
{
    public const string Settle = "payment.settle";
    public const string Adjust = "balance.adjust";
    public const string Approved = "approved";
    public const string Rejected = "rejected";

    public Guid Id { get; init; }
    public string Action { get; init; } = "";
    public Guid SubjectId { get; init; }
    public Guid? MerchantId { get; init; }
    public string Body { get; init; } = "";
    public string Reason { get; init; } = "";
    public string RequestedBy { get; init; } = "";
    public DateTimeOffset RequestedAt { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    public string? Decision { get; init; }
    public string? DecidedBy { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public DateTimeOffset? DoneAt { get; init; }
    public bool IsExpired { get; init; }

    public string Status => Decision ?? (IsExpired ? "expired" : "pending");
}

/// <summary>Statements on approvals.</summary>
internal static class Approvals
{
    private const string Columns =
        """
        id, action, subject_id, merchant_id, body, reason, requested_by, requested_at, expires_at, decision, decided_by,
        decided_at, done_at, expires_at <= clock_timestamp() AS is_expired
        """;

    /// <summary>The approval that waits for this subject, or a new one.</summary>
    public static async Task<ApprovalRow> RequestAsync(
        ServiceTransaction transaction, ApprovalRow wanted, int hours, CancellationToken cancellationToken)
    {
        const string forgetSql =
            """
            DELETE FROM gateway.approval
            WHERE action = @Action AND subject_id = @SubjectId AND decision IS NULL AND expires_at <= clock_timestamp()
            """;
        const string insertSql =
            """
            INSERT INTO gateway.approval (id, action, subject_id, merchant_id, body, reason, requested_by, expires_at)
            VALUES (@Id, @Action, @SubjectId, @MerchantId, @Body, @Reason, @RequestedBy,
                    clock_timestamp() + make_interval(hours => @hours))
            ON CONFLICT (action, subject_id) WHERE decision IS NULL DO NOTHING
            """;
        const string readSql =
            $"SELECT {Columns} FROM gateway.approval WHERE action = @Action AND subject_id = @SubjectId AND decision IS NULL";
        await transaction.ExecuteAsync(forgetSql, new { wanted.Action, wanted.SubjectId }, cancellationToken);
        await transaction.ExecuteAsync(
            insertSql,
            new
            {
                wanted.Id, wanted.Action, wanted.SubjectId, wanted.MerchantId, wanted.Body, wanted.Reason, wanted.RequestedBy,
                hours,
            },
            cancellationToken);
        return await transaction.QuerySingleAsync<ApprovalRow>(
            readSql, new { wanted.Action, wanted.SubjectId }, cancellationToken);
    }

    public static Task<ApprovalRow?> LockAsync(ServiceTransaction transaction, Guid id, CancellationToken cancellationToken) =>
        transaction.QuerySingleOrDefaultAsync<ApprovalRow>(
            $"SELECT {Columns} FROM gateway.approval WHERE id = @id FOR UPDATE", new { id }, cancellationToken);

    /// <summary>The last word on this subject, whatever it is.</summary>
    public static Task<ApprovalRow?> LatestAsync(
        ServiceTransaction transaction, string action, Guid subjectId, CancellationToken cancellationToken) =>
        transaction.QuerySingleOrDefaultAsync<ApprovalRow>(
            $"""
             SELECT {Columns} FROM gateway.approval WHERE action = @action AND subject_id = @subjectId
             ORDER BY requested_at DESC LIMIT 1
             """,
            new { action, subjectId }, cancellationToken);

    public static Task DecideAsync(
        ServiceTransaction transaction, Guid id, string decision, string decidedBy, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(
            """
            UPDATE gateway.approval SET decision = @decision, decided_by = @decidedBy, decided_at = clock_timestamp()
            WHERE id = @id
            """,
            new { id, decision, decidedBy }, cancellationToken);

    public static async Task DoneAsync(ServiceDatabase database, Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(
            "UPDATE gateway.approval SET done_at = coalesce(done_at, clock_timestamp()) WHERE id = @id", new { id },
            cancellationToken);
    }

    public static async Task<IReadOnlyList<ApprovalRow>> ListAsync(
        ServiceDatabase database, int limit, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             SELECT {Columns} FROM gateway.approval
             WHERE @before::timestamptz IS NULL OR requested_at < @before
             ORDER BY requested_at DESC LIMIT @limit
             """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<ApprovalRow>(sql, new { limit, before }, cancellationToken)];
    }
}
