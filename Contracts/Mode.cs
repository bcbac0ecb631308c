using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArdorQr.Contracts;

/// <summary>
/// Which world an object belongs to: real money (<c>live</c>) or the sandbox (<c>test</c>). The two share nothing.
/// There are exactly two instances, so reference equality is value equality.
/// </summary>
[JsonConverter(typeof(ModeJsonConverter))]
public sealed class Mode
{
    private Mode(string code) => Code = code;

    public static Mode Live { get; } = new("live");

    public static Mode Test { get; } = new("test");

    public static IReadOnlyList<Mode> All { get; } = [Live, Test];

    /// <summary>The name on the wire and in the database: <c>live</c> or <c>test</c>.</summary>
    public string Code { get; }

    /// <exception cref="ArgumentException">The code is neither <c>live</c> nor <c>test</c> (case-sensitive).</exception>
    public static Mode Parse(string? code) =>
        TryParse(code) ?? throw new ArgumentException($"'{code}' is not a mode.", nameof(code));

    public static Mode? TryParse(string? code) => code switch
    {
        "live" => Live,
        "test" => Test,
        _ => null,
    };

    public override string ToString() => Code;

    private sealed class ModeJsonConverter : JsonConverter<Mode>
    {
        public override Mode Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null)
            ?? throw new JsonException("A mode is 'live' or 'test'.");

        public override void Write(Utf8JsonWriter writer, Mode value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Code);
    }
}
