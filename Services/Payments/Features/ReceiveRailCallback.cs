using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Payments.Features;

/// <summary>
/// POST /rail/callbacks/{rail}: the rail says that a transfer has news. It is a hint and no more: whatever it claims,
/// the rail is asked. Mode and rail come from the stored payment.
/// </summary>
internal static class ReceiveRailCallback
{
    private const string SignatureVersion = "v1=";
    private const string SignatureHeader = "X-Rail-Signature";
    private const int MaxBodyBytes = 16 * 1024;
    private const int MaxAgeSeconds = 300;
    private const int MaxSignatures = 4;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/rail/callbacks/{rail}", HandleAsync);

    private static async Task<IResult> HandleAsync(
        string rail, HttpContext context, ServiceDatabase database, Rails rails, RailTurns turns,
        HeldTurns held, ExecutePayment execute, ExecutorSignal executor, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await ReadBodyAsync(context.Request, cancellationToken) is not { } body)
        {
            return CommonErrors.BodyTooLarge.ToResult();
        }

        // Only the rail itself is told anything of transfers, and only its calls cost a look into the database.
        if (rails.Named(rail) is not { Count: > 0 } named)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var header = context.Request.Headers[SignatureHeader];
        var now = time.GetUtcNow();
        List<RailClient> signers = [.. named.Where(client => IsSigned(header, body, client.CallbackSecret, now))];
        if (signers.Count == 0)
        {
            return PaymentErrors.CallbackSignatureInvalid.ToResult();
        }

        if (TransferOf(body) is not { } transferId)
        {
            return CommonErrors.BadJson.ToResult();
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var stored = await connection.QuerySingleOrDefaultAsync<Stored>(
            """
            SELECT merchant_id, mode, rail, due_at > clock_timestamp() AS is_later,
                due_at > clock_timestamp() AND leased_until <= clock_timestamp() AS is_waiting
            FROM payments.payment LEFT JOIN payments.submission USING (payment_id, merchant_id)
            WHERE payment_id = @transferId
            """,
            new { transferId }, cancellationToken);
        if (stored is null || stored.Rail != rail || rails.Of(stored.Mode) is not { } client || !signers.Contains(client))
        {
            return CommonErrors.NotFound.ToResult();
        }

        var isHeld = held.Contains(transferId);
        if ((isHeld || stored.IsWaiting is true) && turns.TryHold(stored.MerchantId) is { } turn)
        {
            // The hint is in memory only: were it lost, the schedule asks.
            turn.Start(transferId, token => execute.HearAsync(transferId, token));
        }
        else if (isHeld)
        {
            held.Hasten(transferId);
        }
        else if (held.NoteCall(transferId))
        {
            // Whoever submits it asks as soon as the submission is answered.
        }
        else if (stored.IsLater is true && await SubmissionTable.HastenAsync(connection, transferId, cancellationToken) > 0)
        {
            executor.Wake();
        }

        return Results.NoContent();
    }

    private static async Task<byte[]?> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxBodyBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length > MaxBodyBytes ? null : buffer[..length];
    }

    private static Guid? TransferOf(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("transferId", out var id)
                && id.ValueKind == JsonValueKind.String
                && id.TryGetGuid(out var transferId)
                    ? transferId
                    : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null; // No JSON, or half of a surrogate pair in it.
        }
    }

    /// <summary>
    /// <c>t=&lt;unix&gt;,v1=&lt;hex hmac_sha256(secret, t + "." + body)&gt;</c>, at most five minutes off.
    /// </summary>
    private static bool IsSigned(string? header, byte[] body, string secret, DateTimeOffset now)
    {
        var parts = (header ?? "").Split(',', MaxSignatures + 1);
        if (parts is not [['t', '=', .. var stamp], ..]
            || !long.TryParse(stamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs((decimal)now.ToUnixTimeSeconds() - seconds) > MaxAgeSeconds)
        {
            return false;
        }

        byte[] signed = [.. Encoding.ASCII.GetBytes(stamp + "."), .. body];
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed);
        return parts.Skip(1).Take(MaxSignatures).Any(part => IsSignature(part, expected));
    }

    private static bool IsSignature(string part, byte[] expected)
    {
        if (!part.StartsWith(SignatureVersion, StringComparison.Ordinal))
        {
            return false;
        }

        var hex = part.AsSpan(SignatureVersion.Length);
        var given = new byte[expected.Length];
        return Convert.FromHexString(hex, given, out var read, out var written) == OperationStatus.Done
            && read == hex.Length
            && written == given.Length
            && CryptographicOperations.FixedTimeEquals(given, expected);
    }

    private sealed record Stored
    {
        public Guid MerchantId { get; init; }

        public Mode Mode { get; init; } = Mode.Test;

        public string Rail { get; init; } = "";

        /// <summary>Not due yet; null before the confirmation and after the end.</summary>
        public bool? IsLater { get; init; }

        /// <summary>For its next turn by the schedule, in nobody's hands; null before the confirmation.</summary>
        public bool? IsWaiting { get; init; }
    }
}
