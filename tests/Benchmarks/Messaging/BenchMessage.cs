using System.Buffers.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>
/// The event that all sides send, as long as a real one, and how it is told from others in whatever wraps it.
/// </summary>
internal static class BenchMessage
{
    private const int GuidLength = 36;

    private static readonly JsonElement Payment = JsonDocument.Parse(
        """
        {"id":"pay_01J9ZK3V6Q8F2M4N5P7R9S1T3V","object":"payment","mode":"live","status":"completed","amountMinor":1250000,
        "currency":"RUB","feeMinor":6250,"rateMicros":81450000,"usdtMicros":153468,"payee":{"name":"ООО «Ромашка»",
        "bank":"Банк","purpose":"Оплата заказа 10457, без НДС"},"externalId":"order-10457","metadata":{"shop":"17"},
        "createdAt":"2026-02-11T09:30:05.123Z","confirmedAt":"2026-02-11T09:30:07.456Z","completedAt":"2026-02-11T09:30:09.789Z",
        "failure":null}
        """).RootElement;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static int Bytes { get; } = Serialize(New()).Length;

    public static PaymentCompleted New()
    {
        var now = TimeProvider.System.GetUtcNow();
        return new PaymentCompleted
        {
            EventId = Guid.CreateVersion7(now),
            CreatedAt = now,
            MerchantId = Guid.CreateVersion7(now),
            Mode = Mode.Test,
            PaymentId = Guid.CreateVersion7(now),
            DebitId = Guid.CreateVersion7(now),
            AmountMinor = new Kopecks(1_250_000),
            FeeMinor = new Kopecks(6_250),
            Payment = Payment,
        };
    }

    public static byte[] Serialize(PaymentCompleted message) => JsonSerializer.SerializeToUtf8Bytes(message, Json);

    /// <summary>The event's id out of a body of any side: an envelope may be around it, and blanks within.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static Guid IdIn(ReadOnlySpan<byte> body)
    {
        var name = body.IndexOf("ventId\""u8); // One serializer writes eventId, another EventId.
        var rest = name < 0 ? default : body[(name + "ventId\"".Length)..];
        var quote = rest.IndexOf((byte)'"');
        return quote >= 0 && Utf8Parser.TryParse(rest[(quote + 1)..], out Guid id, out var length) && length == GuidLength
            ? id
            : throw new InvalidDataException("A body without an event's id was consumed.");
    }
}
