using System.Text.Json.Nodes;
using Json.Schema;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// Holds every answer that the tests get from the public API to the published contract: path and method, status, headers
/// and body. A field that the contract doesn't name is a fault as much as one that is missing.
/// </summary>
internal sealed class ContractHandler(HttpMessageHandler? inner = null) : DelegatingHandler(inner ?? new SocketsHttpHandler())
{
    private static readonly EvaluationOptions Strictly = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    private readonly SemaphoreSlim _loading = new(1);
    private JsonObject? _contract;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (request.RequestUri!.AbsolutePath.StartsWith("/v1", StringComparison.Ordinal))
        {
            var contract = _contract ?? await LoadAsync(request.RequestUri, cancellationToken);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            Check(contract, request, response, await response.Content.ReadAsStringAsync(cancellationToken));
        }

        return response;
    }

    private async Task<JsonObject> LoadAsync(Uri address, CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (_contract is null)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/openapi.json"));
                using var response = await base.SendAsync(request, cancellationToken);
                _contract = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!.AsObject();
            }

            return _contract;
        }
        finally
        {
            _loading.Release();
        }
    }

    private static void Check(JsonObject contract, HttpRequestMessage request, HttpResponseMessage response, string body)
    {
        var (method, path, status) = (request.Method.Method.ToLowerInvariant(), request.RequestUri!.AbsolutePath, (int)response.StatusCode);
        var documented = ResponseOf(contract, method, path, status);
        var faults = new List<string>();
        if (documented is null && status is not (401 or 404 or 405))
        {
            faults.Add("the contract doesn't know this status here");
        }

        documented = Resolved(contract, documented ?? contract["components"]!["responses"]!["Error"]!.AsObject());
        foreach (var (header, _) in documented["headers"]?.AsObject() ?? [])
        {
            if (IsAlwaysSent(header, status) && !response.Headers.Contains(header))
            {
                faults.Add($"the header {header} is missing");
            }
        }

        if (response.Content.Headers.ContentType?.MediaType != "application/json")
        {
            faults.Add($"its type is {response.Content.Headers.ContentType}");
        }
        else if (documented["content"]?["application/json"]?["schema"] is { } schema)
        {
            faults.AddRange(FaultsOf(contract, schema, body));
        }

        Assert.True(faults.Count == 0, $"{request.Method} {path} answered {status} against its contract: {string.Join("; ", faults)}\n{body}");
    }

    /// <summary>Others depend on what happened: a replay, a wait.</summary>
    private static bool IsAlwaysSent(string header, int status) =>
        header is "X-Request-Id" or "WWW-Authenticate" || (header.StartsWith("RateLimit-", StringComparison.Ordinal) && status < 300);

    /// <summary>What the contract says of this status, the nearest it has; null for what it doesn't know.</summary>
    private static JsonObject? ResponseOf(JsonObject contract, string method, string path, int status)
    {
        var operation = contract["paths"]!.AsObject().Where(candidate => IsAt(candidate.Key, path))
            .OrderBy(candidate => candidate.Key.Count(letter => letter == '{')).Select(candidate => candidate.Value![method]).FirstOrDefault();
        return operation?["responses"] is JsonObject responses
            ? (responses[$"{status}"] ?? (status >= 400 ? responses["default"] : null))?.AsObject()
            : null;
    }

    private static bool IsAt(string template, string path)
    {
        var (wanted, given) = (template.Split('/'), path.Split('/'));
        return wanted.Length == given.Length
            && wanted.Zip(given).All(part => part.First.StartsWith('{') || part.First == part.Second);
    }

    private static JsonObject Resolved(JsonObject contract, JsonObject node) =>
        node["$ref"]?.GetValue<string>() is { } reference
            ? reference.Split('/').Skip(1).Aggregate((JsonNode)contract, (at, name) => at[name]!).AsObject()
            : node;

    private static IEnumerable<string> FaultsOf(JsonObject contract, JsonNode schema, string body)
    {
        var whole = new JsonObject
        {
            ["allOf"] = new JsonArray(schema.DeepClone()),
            ["$defs"] = contract["components"]!["schemas"]!.DeepClone(),
        };
        Close(whole);
        var text = whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
        var result = JsonSchema.FromText(text).Evaluate(JsonNode.Parse(body), Strictly);
        return result.IsValid
            ? []
            : result.Details.Where(detail => detail.HasErrors)
                .SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}")).Take(5);
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
