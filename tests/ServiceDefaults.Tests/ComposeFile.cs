using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>deploy/compose.yaml as it is read, its anchors followed and merged.</summary>
internal sealed class ComposeFile
{
    private readonly Dictionary<object, object> _services;

    private ComposeFile(Dictionary<object, object> services) => _services = services;

    public IEnumerable<string> Services => _services.Keys.Cast<string>();

    public static ComposeFile Read()
    {
        using var text = File.OpenText(Path.Combine(Repository.Root, "deploy/compose.yaml"));
        var file = new DeserializerBuilder().Build()
            .Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(text)));
        return new((Dictionary<object, object>)file["services"]);
    }

    public string? Text(string service, string key) => Of(service).GetValueOrDefault(key) as string;

    public IReadOnlyList<string> List(string service, string key) =>
        Of(service).GetValueOrDefault(key) is List<object> list ? [.. list.Cast<string>()] : [];

    public IReadOnlyDictionary<string, object> Map(string service, string key) =>
        Of(service).GetValueOrDefault(key) is Dictionary<object, object> map
            ? map.ToDictionary(pair => (string)pair.Key, pair => pair.Value)
            : new Dictionary<string, object>();

    /// <summary>What it waits for, and until when.</summary>
    public IReadOnlyDictionary<string, string> WaitsFor(string service) => Map(service, "depends_on")
        .ToDictionary(pair => pair.Key, pair => (string)((Dictionary<object, object>)pair.Value)["condition"]);

    private Dictionary<object, object> Of(string service) => (Dictionary<object, object>)_services[service];
}
