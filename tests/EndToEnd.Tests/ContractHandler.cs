using System.Text.Json.Nodes;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// Holds every answer that the tests get from the public API to the published contract: path and method, status, headers
/// and body.
/// </summary>
internal sealed class ContractHandler(HttpMessageHandler? inner = null) : DelegatingHandler(inner ?? new SocketsHttpHandler())
{
    private readonly SemaphoreSlim _loading = new(1);
    private PublishedContract? _contract;

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

    private async Task<PublishedContract> LoadAsync(Uri address, CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (_contract is null)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/openapi.json"));
                using var response = await base.SendAsync(request, cancellationToken);
                _contract = new(JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!.AsObject());
            }

            return _contract;
        }
        finally
        {
            _loading.Release();
        }
    }

    private static void Check(PublishedContract contract, HttpRequestMessage request, HttpResponseMessage response, string body)
    {
        var (method, path, status) = (request.Method.Method.ToLowerInvariant(), request.RequestUri!.AbsolutePath, (int)response.StatusCode);
        var documented = contract.ResponseOf(method, path, status);
        var faults = new List<string>();
        if (documented is null && status is not (401 or 404 or 405))
        {
            faults.Add("the contract doesn't know this status here");
        }

        documented ??= contract.Error;
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
            faults.AddRange(contract.FaultsOf(schema, body));
        }

        Assert.True(faults.Count == 0, $"{request.Method} {path} answered {status} against its contract: {string.Join("; ", faults)}\n{body}");
    }

    /// <summary>Others depend on what happened: a replay, a wait.</summary>
    private static bool IsAlwaysSent(string header, int status) =>
        header is "X-Request-Id" or "WWW-Authenticate" || (header.StartsWith("RateLimit-", StringComparison.Ordinal) && status < 300);
}
