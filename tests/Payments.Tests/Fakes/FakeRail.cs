using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace ArdorQr.Payments.Tests.Fakes;

/// <summary>The rail's contract in memory; what it does with a transfer is each test's to say.</summary>
internal sealed class FakeRail : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, (string Status, string? Reason)> _transfers = [];
    private readonly Dictionary<Guid, string> _bodies = [];

    public string Environment { get; set; } = "sandbox";

    /// <summary>The answer to a resolve, as JSON; null is a 503.</summary>
    public Func<string, string?> Resolve { get; set; } = _ =>
        """{"kind":"dynamic","payee":{"name":"ООО Ромашка","bank":"Сбербанк","inn":null},"amountMinor":null,"state":"payable","expiresAt":null}""";

    /// <summary>What becomes of a submission that arrives.</summary>
    public Func<Guid, (string Status, string? Reason)> Execute { get; set; } = _ => ("completed", null);

    /// <summary>Replaces the answer of a call by another, or loses it by an exception; null leaves it.</summary>
    public Func<HttpMethod, string, HttpResponseMessage?>? Answer { get; set; }

    /// <summary>Keeps the call from arriving when it returns true: the rail never sees it.</summary>
    public Func<HttpMethod, string, bool>? Lose { get; set; }

    /// <summary>What a call waits for before the rail sees it, by its body.</summary>
    public Func<JsonObject?, Task>? Before { get; set; }

    public ConcurrentQueue<string> Calls { get; } = [];

    public JsonObject? LastSubmission { get; private set; }

    /// <summary>The statement, as JSON; null is a 501.</summary>
    public Func<string?> Statement { get; set; } = () => """{"transfers":[],"nextFrom":null}""";

    public void Set(Guid transferId, string status, string? reason = null)
    {
        lock (_lock)
        {
            _transfers[transferId] = (status, reason);
        }
    }

    public int CountOf(string method) => Calls.Count(call => call.StartsWith(method + " ", StringComparison.Ordinal));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        if (request.Headers.Authorization is not { Scheme: "Bearer", Parameter: "rail-token" })
        {
            return new HttpResponseMessage(HttpStatusCode.Unauthorized);
        }

        if (path.EndsWith("/info", StringComparison.Ordinal))
        {
            return Json($$"""{"environment":"{{Environment}}"}""");
        }

        Calls.Enqueue($"{request.Method} {path}");
        var body = await JsonOf(request.Content, cancellationToken);
        if (Before is { } before)
        {
            await before(body).WaitAsync(cancellationToken);
        }

        var lost = Lose?.Invoke(request.Method, path) == true;
        var response = lost
            ? throw new HttpRequestException("The connection was cut.")
            : Act(request.Method, path.Split('/', StringSplitOptions.RemoveEmptyEntries), body);
        return Answer?.Invoke(request.Method, path) ?? response;
    }

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private HttpResponseMessage Act(HttpMethod method, string[] path, JsonObject? body)
    {
        lock (_lock)
        {
            return path switch
            {
                ["rail", "v1", "resolve"] => Resolve(body!["qr"]!.GetValue<string>()) is { } resolved
                    ? Json(resolved)
                    : new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
                ["rail", "v1", "transfers"] => Statement() is { } statement
                    ? Json(statement)
                    : new HttpResponseMessage(HttpStatusCode.NotImplemented),
                ["rail", "v1", "transfers", var id] when method == HttpMethod.Put => Submit(Guid.Parse(id), body!),
                ["rail", "v1", "transfers", var id] => Find(Guid.Parse(id)),
                ["rail", "v1", "transfers", var id, "cancel"] => Cancel(Guid.Parse(id)),
                _ => new HttpResponseMessage(HttpStatusCode.NotFound),
            };
        }
    }

    private HttpResponseMessage Submit(Guid id, JsonObject body)
    {
        LastSubmission = body;
        if (_bodies.TryGetValue(id, out var known) && known != body.ToJsonString())
        {
            return new HttpResponseMessage(HttpStatusCode.Conflict);
        }

        _bodies[id] = body.ToJsonString();
        if (!_transfers.ContainsKey(id))
        {
            _transfers[id] = Execute(id);
        }

        return Find(id);
    }

    private HttpResponseMessage Find(Guid id) => _transfers.TryGetValue(id, out var transfer)
        ? Json(new JsonObject { ["status"] = transfer.Status, ["reason"] = transfer.Reason }.ToJsonString())
        : new HttpResponseMessage(HttpStatusCode.NotFound);

    private HttpResponseMessage Cancel(Guid id)
    {
        _transfers.TryAdd(id, ("cancelled", null));
        return Find(id);
    }

    /// <summary>Copied, as a connection would, so that the content may be sent again.</summary>
    private static async Task<JsonObject?> JsonOf(HttpContent? content, CancellationToken cancellationToken)
    {
        if (content is null)
        {
            return null;
        }

        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, cancellationToken);
        return JsonNode.Parse(copy.ToArray())!.AsObject();
    }
}
