using System.Text.Json.Nodes;
using Json.Schema;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>The public contract as the running Gateway serves it, read strictly.</summary>
internal sealed class PublishedContract(JsonObject document)
{
    private const int MaxFaults = 5;

    private static readonly EvaluationOptions Strictly = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    /// <summary>The contract of the Gateway that this client asks.</summary>
    public static async Task<PublishedContract> ReadAsync(HttpClient gateway, CancellationToken cancellationToken) =>
        new(JsonNode.Parse(await gateway.GetStringAsync("/openapi.json", cancellationToken))!.AsObject());

    /// <summary>What the contract says of this status, the nearest it has; null for what it doesn't know.</summary>
    public JsonObject? ResponseOf(string method, string path, int status)
    {
        var operation = document["paths"]!.AsObject().Where(candidate => IsAt(candidate.Key, path))
            .OrderBy(candidate => candidate.Key.Count(letter => letter == '{')).Select(candidate => candidate.Value![method]).FirstOrDefault();
        return operation?["responses"] is JsonObject responses
            ? (responses[$"{status}"] ?? (status >= 400 ? responses["default"] : null)) is { } response ? Resolved(response.AsObject()) : null
            : null;
    }

    /// <summary>The answer of every failure.</summary>
    public JsonObject Error => document["components"]!["responses"]![nameof(Error)]!.AsObject();

    /// <summary>Where a webhook's delivery and the contract part; empty when they agree.</summary>
    /// <param name="type">The event's type as its body has it.</param>
    /// <param name="headers">The names of the delivery's headers.</param>
    /// <param name="body">Its JSON.</param>
    public IEnumerable<string> FaultsOfWebhook(string type, IEnumerable<string> headers, string body)
    {
        if (document["webhooks"]?[type]?["post"] is not JsonObject webhook)
        {
            return [$"the contract knows no webhook {type}"];
        }

        var missing = (webhook["parameters"]?.AsArray() ?? []).Select(parameter => Resolved(parameter!.AsObject()))
            .Where(parameter => parameter["in"]!.GetValue<string>() == "header" && parameter["required"]?.GetValue<bool>() == true)
            .Select(parameter => parameter["name"]!.GetValue<string>())
            .Except(headers, StringComparer.OrdinalIgnoreCase)
            .Select(name => $"the header {name} is missing");
        return missing.Concat(FaultsOf(webhook["requestBody"]!["content"]!["application/json"]!["schema"]!, body));
    }

    /// <summary>Where a body and its schema part. A field that the schema doesn't name is a fault as a missing one is.</summary>
    public IEnumerable<string> FaultsOf(JsonNode schema, string body)
    {
        var whole = new JsonObject
        {
            ["allOf"] = new JsonArray(schema.DeepClone()),
            ["$defs"] = document["components"]!["schemas"]!.DeepClone(),
        };
        Close(whole);
        var text = whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
        var result = JsonSchema.FromText(text).Evaluate(JsonNode.Parse(body), Strictly);
        return result.IsValid
            ? []
            : result.Details.Where(detail => detail.HasErrors)
                .SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}")).Take(MaxFaults);
    }

    private JsonObject Resolved(JsonObject node) =>
        node["$ref"]?.GetValue<string>() is { } reference
            ? reference.Split('/').Skip(1).Aggregate((JsonNode)document, (at, name) => at[name]!).AsObject()
            : node;

    private static bool IsAt(string template, string path)
    {
        var (wanted, given) = (template.Split('/'), path.Split('/'));
        return wanted.Length == given.Length
            && wanted.Zip(given).All(part => part.First.StartsWith('{') || part.First == part.Second);
    }

    /// <summary>Clients must expect new fields, so the contract leaves objects open; a test must not.</summary>
    private static void Close(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject schema:
                foreach (var (_, child) in schema.ToList())
                {
                    Close(child);
                }

                if (schema["properties"] is JsonObject && schema["additionalProperties"] is null)
                {
                    schema["additionalProperties"] = false;
                }

                break;
            case JsonArray children:
                foreach (var child in children)
                {
                    Close(child);
                }

                break;
        }
    }
}
