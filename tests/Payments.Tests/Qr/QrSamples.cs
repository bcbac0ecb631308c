using System.Text.Json;

namespace ArdorQr.Payments.Tests.Qr;

/// <summary>The shared samples of tests/samples/qr.json: a code's text or bytes, and the answer.</summary>
internal sealed record QrSample(string Id, string? Text, byte[]? Bytes, JsonElement Expect)
{
    public bool IsPayable => Expect.GetProperty("ok").GetBoolean();

    public string Note => Optional("note") ?? "";

    public string? Optional(string name) =>
        Expect.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public override string ToString() => Id;
}

internal static class QrSamples
{
    public static IReadOnlyDictionary<string, QrSample> ById { get; } = Load();

    public static IEnumerable<QrSample> Payable => ById.Values.Where(sample => sample.IsPayable);

    public static string TextOf(string id) =>
        ById[id].Text ?? throw new ArgumentException($"The sample {id} is given as bytes.", nameof(id));

    private static Dictionary<string, QrSample> Load()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "samples", "qr.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty("cases").EnumerateArray()
            .Select(Read)
            .ToDictionary(sample => sample.Id, StringComparer.Ordinal);
    }

    private static QrSample Read(JsonElement sample)
    {
        var input = sample.GetProperty("input");
        return new QrSample(
            sample.GetProperty("id").GetString()!,
            input.TryGetProperty("qr", out var text) ? text.GetString() : null,
            input.TryGetProperty("qrBase64", out var bytes) ? bytes.GetBytesFromBase64() : null,
            sample.GetProperty("expect").Clone());
    }
}
