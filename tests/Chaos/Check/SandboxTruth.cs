using ArdorQr.Chaos.Hosting;
using Npgsql;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// What the outside world holds: the rail's transfers and the chain's, read in the Sandbox's own database.
/// </summary>
internal sealed record SandboxTruth(IReadOnlyList<RailTransfer> Rail, IReadOnlyList<ChainTransfer> Chain)
{
    public const string Database = "sandbox";

    private const int HashBytes = 32;

    public static async Task<SandboxTruth> ReadAsync(House house, CancellationToken cancellationToken)
    {
        await using var connection = await house.Truth.OpenAsync(Database, cancellationToken);
        return new SandboxTruth(
            await RailAsync(connection, cancellationToken), await ChainAsync(connection, cancellationToken));
    }

    private static async Task<IReadOnlyList<RailTransfer>> RailAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT transfer_id, code_key, amount_kopecks, first_seen_at, cancelled_at FROM sandbox.rail_transfer
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<RailTransfer>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new RailTransfer(
                reader.GetGuid(0), reader.IsDBNull(1) ? null : reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetInt64(2), TimeAt(3), TimeAt(4)));
        }

        return rows;

        DateTimeOffset? TimeAt(int column) =>
            reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
    }

    private static async Task<IReadOnlyList<ChainTransfer>> ChainAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql = "SELECT transaction_hash, owner, amount_micros FROM sandbox.jetton_transfer";
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<ChainTransfer>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new ChainTransfer(Hex(reader.GetString(0)), reader.GetString(1).ToLowerInvariant(), reader.GetInt64(2)));
        }

        return rows;
    }

    /// <summary>The chain's index writes hashes in base64, the public API in hex.</summary>
    private static string Hex(string hash) =>
        hash.Length == 2 * HashBytes ? hash.ToLowerInvariant() : Convert.ToHexStringLower(Convert.FromBase64String(hash));
}

/// <param name="Id">The payment's.</param>
/// <param name="CodeKey">Which code it paid; null when it was cancelled unseen.</param>
/// <param name="AmountMinor">What it paid.</param>
/// <param name="FirstSeenAt">When it came to the rail, by this machine's clock, as everything here.</param>
/// <param name="CancelledAt">When it was made dead, before it was ever seen.</param>
internal sealed record RailTransfer(
    Guid Id, string? CodeKey, long? AmountMinor, DateTimeOffset? FirstSeenAt, DateTimeOffset? CancelledAt)
{
    private const int StaysOpen = 14;

    /// <summary>The published table of test mode: which endings fail, and why.</summary>
    private static readonly Dictionary<int, string> Failures = new()
    {
        [1] = "payee_rejected",
        [2] = "payee_account_invalid",
        [3] = "compliance_declined",
        [17] = "payee_bank_unavailable",
        [18] = "limit_exceeded",
        [19] = "rail_rejected",
        [20] = "qr_expired",
        [21] = "qr_already_paid",
    };

    public bool IsCancelled => CancelledAt is not null;

    /// <summary>Stays in processing until an operator settles it.</summary>
    public bool IsOpen => !IsCancelled && AmountMinor % 100 == StaysOpen;

    /// <summary>Null when it is completed or open.</summary>
    public string? FailureReason => IsCancelled ? "not_executed" : FailureOf((int)(AmountMinor!.Value % 100));

    /// <summary>Null for an ending that doesn't fail.</summary>
    public static string? FailureOf(int ending) => Failures.GetValueOrDefault(ending);

    public string Status => IsOpen ? "confirming" : FailureReason is null ? "completed" : "failed";
}

/// <param name="TxHash">Of the sender's transaction.</param>
/// <param name="Owner">Whose wallet got it.</param>
/// <param name="Micros">USDT, in millionths.</param>
internal sealed record ChainTransfer(string TxHash, string Owner, long Micros)
{
    private const long MinMicros = 500_000;
    private const long RateHundredths = 9_234;
    private const long FeeBps = 150;

    public bool IsCredited => Micros >= MinMicros;

    /// <summary>Its worth in kopecks, rounded down.</summary>
    public long GrossMinor => Micros * RateHundredths / 1_000_000;

    /// <summary>Gross less the fee rounded up, in kopecks.</summary>
    public long CreditMinor => GrossMinor - (((GrossMinor * FeeBps) + 9_999) / 10_000);
}
