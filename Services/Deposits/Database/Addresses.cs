using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Ton;
using Npgsql;

namespace ArdorQr.Deposits.Database;

/// <summary>A merchant's address in one mode.</summary>
internal record AddressRow
{
    public Guid MerchantId { get; init; }

    public string Owner { get; init; } = "";

    public string JettonWallet { get; init; } = "";

    public int NetworkGlobalId { get; init; }
}

/// <summary>The rows of <c>deposits.address</c>: given once, for ever.</summary>
internal static class Addresses
{
    private const string Columns = "merchant_id, owner, jetton_wallet, network_global_id";

    public static Task<AddressRow?> FindAsync(
        NpgsqlConnection connection, Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM deposits.address WHERE merchant_id = @merchantId AND mode = @mode";
        return connection.QuerySingleOrDefaultAsync<AddressRow>(sql, new { merchantId, mode }, cancellationToken);
    }

    /// <summary>Gives the merchant the world's address of its number, unless it has one.</summary>
    public static Task AssignAsync(
        NpgsqlConnection connection, World world, Guid merchantId, long merchantNumber, CancellationToken cancellationToken)
    {
        // A number that another merchant has is a defect and fails on the unique key.
        const string sql =
            """
            INSERT INTO deposits.address (merchant_id, mode, merchant_number, network_global_id, owner, jetton_wallet)
            VALUES (@merchantId, @mode, @merchantNumber, @networkGlobalId, @owner, @jettonWallet)
            ON CONFLICT (merchant_id, mode) DO NOTHING
            """;
        var owner = world.OwnerOf(merchantNumber);
        return connection.ExecuteAsync(sql, new
        {
            merchantId,
            mode = world.Mode,
            merchantNumber,
            networkGlobalId = world.NetworkGlobalId,
            owner = owner.ToRaw(),
            jettonWallet = world.Jetton.WalletOf(owner).ToRaw(),
        }, cancellationToken);
    }

    /// <summary>The merchant's address, given now if it has none.</summary>
    public static async Task<AddressRow> FindOrAssignAsync(
        NpgsqlConnection connection, World world, Guid merchantId, long merchantNumber, CancellationToken cancellationToken)
    {
        if (await FindAsync(connection, merchantId, world.Mode, cancellationToken) is { } known)
        {
            return known;
        }

        await AssignAsync(connection, world, merchantId, merchantNumber, cancellationToken);
        return await FindAsync(connection, merchantId, world.Mode, cancellationToken)
            ?? throw new InvalidOperationException("An address that was just given isn't there.");
    }

    /// <summary>Addresses of a mode, in the order of their owners, after one of them.</summary>
    public static async Task<IReadOnlyList<AddressRow>> PageAsync(
        NpgsqlConnection connection, Mode mode, string afterOwner, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {Columns} FROM deposits.address
            WHERE mode = @mode AND owner > @afterOwner
            ORDER BY owner
            LIMIT @limit
            """;
        return [.. await connection.QueryAsync<AddressRow>(sql, new { mode, afterOwner, limit }, cancellationToken)];
    }

    /// <summary>Those of these owners that are ours.</summary>
    public static async Task<IReadOnlyList<AddressRow>> OfOwnersAsync(
        NpgsqlConnection connection, Mode mode, IReadOnlyCollection<TonAddress> owners, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM deposits.address WHERE mode = @mode AND owner = ANY(@owners)";
        var raw = owners.Select(owner => owner.ToRaw()).ToArray();
        return [.. await connection.QueryAsync<AddressRow>(sql, new { mode, owners = raw }, cancellationToken)];
    }

    /// <summary>Whether a mode has more addresses than this.</summary>
    public static Task<bool> AreMoreThanAsync(
        NpgsqlConnection connection, Mode mode, int limit, CancellationToken cancellationToken)
    {
        const string sql = "SELECT EXISTS (SELECT FROM deposits.address WHERE mode = @mode OFFSET @limit)";
        return connection.QuerySingleAsync<bool>(sql, new { mode, limit }, cancellationToken);
    }
}
