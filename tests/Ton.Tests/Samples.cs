using System.Text.Json;

namespace ArdorQr.Ton.Tests;

/// <summary>The vectors under tests/samples, made by another implementation.</summary>
internal static class Samples
{
    public static JsonElement Addresses { get; } = Load("ton/shared-addresses.json");
    public static JsonElement Cells { get; } = Load("ton/shared-cells.json");
    public static JsonElement Deposits { get; } = Load("ton/shared-deposits.json");
    public static JsonElement JettonWallets { get; } = Load("ton/shared-jetton-wallets.json");

    public static JsonElement Toncenter(string name) => Load($"toncenter/{name}.json");

    public static JsonElement At(this JsonElement element, params string[] path) =>
        path.Aggregate(element, (current, name) => current.GetProperty(name));

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static byte[] Hex(this JsonElement element, string name) => Convert.FromHexString(element.Text(name));

    public static TonAddress? Address(this JsonElement element, string name) =>
        element.GetProperty(name).GetString() is { } text ? TonAddress.Parse(text) : null;

    /// <summary>The numbers of a list's elements, as theory data: a failure names the one that failed.</summary>
    public static TheoryData<int> Numbers(JsonElement list) => [.. Enumerable.Range(0, list.GetArrayLength())];

    private static JsonElement Load(string path)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "samples", path);
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        return document.RootElement.Clone();
    }
}
