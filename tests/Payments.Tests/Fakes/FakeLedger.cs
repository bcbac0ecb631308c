using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArdorQr.Payments.Tests.Fakes;

/// <summary>
/// Ledger's internal contract in memory: the first answer to an id is the answer for ever, a voided id never posts.
/// </summary>
internal sealed class FakeLedger : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, JsonObject> _debits = [];
    private readonly Dictionary<Guid, string> _contents = [];
    private long _balance;

    public FakeLedger(long balance = 1_000_000_000) => _balance = balance;

    /// <summary>What happens to a call before Ledger sees it; an exception is a broken connection.</summary>
    public Func<HttpRequestMessage, Task>? Before { get; set; }

    /// <summary>What happens after Ledger has acted; an exception loses the answer.</summary>
    public Func<HttpRequestMessage, Task>? After { get; set; }

    public ConcurrentQueue<string> Calls { get; } = [];

    public long Balance
    {
        get
        {
            lock (_lock)
            {
                return _balance;
            }
        }
        set
        {
            lock (_lock)
            {
                _balance = value;
            }
        }
    }

    public int PostedCount
    {
        get
        {
            lock (_lock)
            {
                return _debits.Values.Count(debit => debit["status"]!.GetValue<string>() == "posted");
            }
        }
    }

    public JsonObject? LastDebitRequest { get; private set; }

    /// <summary>A debit that the network has held back arrives after all; nobody hears the answer.</summary>
    public void DeliverLate(JsonObject debit)
    {
        lock (_lock)
        {
            Debit(debit).Dispose();
        }
    }

    /// <summary>What a payment has cost the merchant by its debits.</summary>
    public long DebitedFor(Guid paymentId)
    {
        lock (_lock)
        {
            return _contents.Where(content => _debits[content.Key]["status"]!.GetValue<string>() == "posted")
                .Select(content => JsonNode.Parse(content.Value)!.AsObject())
                .Where(body => body["paymentId"]!.GetValue<Guid>() == paymentId)
                .Sum(body => body["totalMinor"]!.GetValue<long>());
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        Calls.Enqueue($"{request.Method} {path}");
        if (Before is { } before)
        {
            await before(request);
        }

        var body = await JsonOf(request.Content, cancellationToken);
        var response = Act(request.Method, path.Split('/', StringSplitOptions.RemoveEmptyEntries), body);
        if (After is { } after)
        {
            await after(request);
        }

        return response;
    }

    private HttpResponseMessage Act(HttpMethod method, string[] path, JsonObject? body)
    {
        lock (_lock)
        {
            return path switch
            {
                ["internal", "debits"] => Debit(body!),
                ["internal", "debits", var id] when method == HttpMethod.Get => Find(Guid.Parse(id)),
                ["internal", "debits", var id, "void"] => Void(Guid.Parse(id)),
                ["internal", "balances", _, _] => Json(new JsonObject { ["balanceMinor"] = _balance }),
                _ => new HttpResponseMessage(HttpStatusCode.NotFound),
            };
        }
    }

    private HttpResponseMessage Debit(JsonObject body)
    {
        LastDebitRequest = body;
        var id = body["id"]!.GetValue<Guid>();
        if (_contents.TryGetValue(id, out var content) && content != body.ToJsonString())
        {
            return new HttpResponseMessage(HttpStatusCode.Conflict);
        }

        if (!_debits.TryGetValue(id, out var debit))
        {
            var total = body["totalMinor"]!.GetValue<long>();
            var posted = _balance >= total;
            _balance -= posted ? total : 0;
            debit = Row(id, posted ? "posted" : "refused", posted ? Guid.CreateVersion7(TimeProvider.System.GetUtcNow()) : null, posted ? null : "insufficient_funds");
            _debits[id] = debit;
            _contents[id] = body.ToJsonString();
        }

        return Json(debit);
    }

    private HttpResponseMessage Find(Guid id) =>
        _debits.TryGetValue(id, out var debit) ? Json(debit) : new HttpResponseMessage(HttpStatusCode.NotFound);

    private HttpResponseMessage Void(Guid id)
    {
        _debits.TryAdd(id, Row(id, "voided", null, "voided"));
        return Json(_debits[id]);
    }

    private JsonObject Row(Guid id, string status, Guid? operation, string? reason) => new()
    {
        ["id"] = id,
        ["status"] = status,
        ["operationId"] = operation,
        ["balanceMinor"] = _balance,
        ["reason"] = reason,
        ["createdAt"] = TimeProvider.System.GetUtcNow(),
    };

    private static HttpResponseMessage Json(JsonObject body) =>
        new(HttpStatusCode.OK) { Content = JsonContent.Create(body.DeepClone(), options: JsonSerializerOptions.Web) };

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
