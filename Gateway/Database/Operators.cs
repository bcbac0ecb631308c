using System.Security.Cryptography;
using System.Text;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>An operator as it is listed.</summary>
internal sealed record OperatorRow
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public string[] Roles { get; init; } = [];

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? DisabledAt { get; init; }
}

/// <summary>The rows of <c>gateway.operator</c>; of a token only its hash is kept.</summary>
internal static class OperatorTable
{
    private const string TokenPrefix = "op_";
    private const int TokenDigits = 43; // 256 bits.

    public static string NewToken(RandomNumberGenerator random) => TokenPrefix + Base62.Random(TokenDigits, random);

    /// <summary>SHA-256, as for keys: what is random can't be guessed from its hash.</summary>
    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>The active operator with this token; null if there is none.</summary>
    public static async Task<OperatorRow?> FindAsync(
        ServiceDatabase database, string token, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT id, name, roles, created_at, disabled_at FROM gateway.operator
            WHERE token_hash = @hash AND disabled_at IS NULL
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<OperatorRow>(sql, new { hash = HashOf(token) }, cancellationToken);
    }
}
