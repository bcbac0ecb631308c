using System.Security.Cryptography;
using System.Text;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>The rows of <c>gateway.operator_request</c>: what an operator's idempotent call has answered already.</summary>
internal static class OperatorRequests
{
    private const int KeptDays = 30;

    /// <summary>A stored call.</summary>
    internal sealed record Row
    {
        public byte[] BodyHash { get; init; } = [];

        public byte[]? SealedAnswer { get; init; }
    }

    /// <summary>
    /// Takes the key for this transaction: null means that the call is ours to execute. A call with the same key that
    /// runs meanwhile waits here for its end, so that none is executed twice.
    /// </summary>
    public static async Task<Row?> TakeAsync(
        ServiceTransaction transaction, string operation, string idempotencyKey, byte[] bodyHash,
        CancellationToken cancellationToken)
    {
        const string expireSql =
            "DELETE FROM gateway.operator_request WHERE created_at < clock_timestamp() - make_interval(days => @days)";
        const string takeSql =
            """
            INSERT INTO gateway.operator_request (request_key, body_hash) VALUES (@requestKey, @bodyHash)
            ON CONFLICT (request_key) DO NOTHING
            """;
        const string readSql =
            "SELECT body_hash, sealed_answer FROM gateway.operator_request WHERE request_key = @requestKey";
        var requestKey = KeyOf(operation, idempotencyKey);
        await transaction.ExecuteAsync(expireSql, new { days = KeptDays }, cancellationToken);
        return await transaction.ExecuteAsync(takeSql, new { requestKey, bodyHash }, cancellationToken) == 1
            ? null
            : await transaction.QuerySingleAsync<Row>(readSql, new { requestKey }, cancellationToken);
    }

    public static Task AnswerAsync(
        ServiceTransaction transaction, string operation, string idempotencyKey, byte[] sealedAnswer,
        CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(
            "UPDATE gateway.operator_request SET sealed_answer = @sealedAnswer WHERE request_key = @requestKey",
            new { requestKey = KeyOf(operation, idempotencyKey), sealedAnswer }, cancellationToken);

    /// <summary>A hash: a row with the Idempotency-Key itself would hold half of what opens its answer.</summary>
    private static byte[] KeyOf(string operation, string idempotencyKey) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{operation}\n{idempotencyKey}"));
}
