using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArdorQr.VerifyOperations;

/// <summary>Whose wallet, in which mode.</summary>
internal sealed record Wallet(Guid MerchantId, string Mode);

/// <summary>An operation as GET /v1/operations shows it; members that the hash doesn't cover are passed over.</summary>
internal sealed record Operation
{
    public required Guid Id { get; init; }

    public required string Type { get; init; }

    public required long AmountMinor { get; init; }

    public required long BalanceAfterMinor { get; init; }

    public required string Currency { get; init; }

    public required Guid SourceId { get; init; }

    public required string Description { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required long Sequence { get; init; }

    public required string Hash { get; init; }

    public required string PreviousHash { get; init; }
}

/// <summary>A checkpoint as GET /v1/operations/checkpoint shows it.</summary>
internal sealed record Checkpoint
{
    public required Guid MerchantId { get; init; }

    public required string Mode { get; init; }

    public required long Sequence { get; init; }

    public required string Hash { get; init; }

    public required long BalanceMinor { get; init; }

    public required DateTime CreatedAt { get; init; }

    /// <summary>Base64 of 64 bytes, r and s.</summary>
    public required string Signature { get; init; }
}

/// <summary>Reads the downloaded files.</summary>
internal static class Downloads
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNameCaseInsensitive = false,
        NumberHandling = JsonNumberHandling.Strict,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        Converters = { new TimeConverter() },
    };

    public static async Task<List<Operation>> OperationsAsync(
        IEnumerable<string> files, CancellationToken cancellationToken)
    {
        var operations = new List<Operation>();
        await foreach (var page in ValuesAsync<OperationsPage>(files, cancellationToken))
        {
            operations.AddRange(page.Operations);
        }

        return operations;
    }

    public static async Task<List<Checkpoint>> CheckpointsAsync(
        IEnumerable<string> files, CancellationToken cancellationToken)
    {
        var checkpoints = new List<Checkpoint>();
        await foreach (var value in ValuesAsync<JsonElement>(files, cancellationToken))
        {
            // One checkpoint, or the platform team's list of those that were kept.
            var isList = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("checkpoints", out _);
            checkpoints.AddRange(isList
                ? value.GetProperty("checkpoints").Deserialize<List<Checkpoint>>(Json)!
                : [value.Deserialize<Checkpoint>(Json)!]);
        }

        return checkpoints;
    }

    private static async IAsyncEnumerable<T> ValuesAsync<T>(
        IEnumerable<string> files, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            await using var stream = File.OpenRead(file);
            await foreach (var value in JsonSerializer.DeserializeAsyncEnumerable<T>(
                stream, topLevelValues: true, Json, cancellationToken))
            {
                yield return value ?? throw new JsonException($"{file} holds a null.");
            }
        }
    }

    private sealed record OperationsPage
    {
        public required List<Operation> Operations { get; init; }
    }

    /// <summary>UTC with a <c>Z</c> and up to six digits of a second: what the API writes, and nothing that would be rounded.</summary>
    private sealed class TimeConverter : JsonConverter<DateTime>
    {
        private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'"];

        public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            DateTime.TryParseExact(
                reader.GetString(), Formats, CultureInfo.InvariantCulture,
                DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time)
                ? time
                : throw new JsonException($"{reader.GetString()} is not a time in UTC.");

        public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
            throw new NotSupportedException("Nothing is written here.");
    }
}
