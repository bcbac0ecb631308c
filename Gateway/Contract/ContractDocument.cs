using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.ServiceDefaults.Http;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ArdorQr.Gateway.Contract;

/// <summary>A contract: written by hand as YAML, and the same as JSON.</summary>
internal sealed class ContractDocument
{
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;

    private readonly Lazy<byte[]> _yaml;
    private readonly Lazy<byte[]> _json;

    private ContractDocument(string resource)
    {
        _yaml = new(() => ReadYaml(resource));
        _json = new(() => ToJson(_yaml.Value));
    }

    /// <summary>The merchants'.</summary>
    public static ContractDocument Public { get; } = new("openapi.yaml");

    /// <summary>The operators'.</summary>
    public static ContractDocument Operators { get; } = new("operator.yaml");

    public byte[] Yaml => _yaml.Value;

    public byte[] Json => _json.Value;

    private static byte[] ReadYaml(string resource)
    {
        using var stream = typeof(ContractDocument).Assembly.GetManifestResourceStream(resource)!;
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        return buffer.ToArray();
    }

    private static byte[] ToJson(byte[] yaml)
    {
        using var reader = new StreamReader(new MemoryStream(yaml));
        var document = new YamlStream();
        document.Load(reader);
        return JsonSerializer.SerializeToUtf8Bytes(ToJson(document.Documents.Single().RootNode), ApiJson.Options);
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair =>
            KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, ToJson(pair.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => OfPlain(plain.Value!),
        YamlScalarNode quoted => JsonValue.Create(quoted.Value),
        _ => throw new InvalidDataException($"{node.NodeType} has no JSON form."),
    };

    /// <summary>A plain scalar by YAML 1.2's core schema, as far as the contract uses it.</summary>
    private static JsonValue? OfPlain(string text) => text switch
    {
        "null" or "~" or "" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) =>
            JsonValue.Create(whole),
        _ when decimal.TryParse(text, Decimal, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };
}
