using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Webhooks.Database;

/// <summary>Reads the bytes that an event's every attempt sends.</summary>
internal static class EventBodies
{
    /// <summary>Null when this merchant has no such event in this mode, or its body is past its retention.</summary>
    public static Task<byte[]?> FindAsync(
        NpgsqlConnection connection, Guid merchantId, Mode mode, Guid eventId, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<byte[]>(
            "SELECT body FROM webhooks.event WHERE event_id = @eventId AND merchant_id = @merchantId AND mode = @mode",
            new { eventId, merchantId, mode }, cancellationToken);
}
