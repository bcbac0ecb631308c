using System.Net;
using System.Text.Json.Nodes;
using ArdorQr.Payments.Tests.Fakes;

namespace ArdorQr.Payments.Tests.Model;

/// <summary>What the network does with one call.</summary>
internal enum Fate
{
    /// <summary>The call arrives and is answered.</summary>
    Answered,

    /// <summary>It never arrives.</summary>
    Lost,

    /// <summary>It arrives, and the answer is lost.</summary>
    AnswerLost,

    /// <summary>The caller gives up; the call arrives whenever the network likes.</summary>
    Delayed,

    /// <summary>The answer is held until it is let go; the caller waits, whatever happens meanwhile.</summary>
    Held,

    /// <summary>The answer can't be read.</summary>
    Garbled,

    /// <summary>The caller dies after the call has arrived.</summary>
    CallerDies,
}

/// <summary>
/// The rail's contract for one transfer at a time, behind a network that a test commands: an id is executed once, one
/// that was cancelled before its first sight never, and none is seen for the first time after its cut-off.
/// </summary>
internal sealed class ModelRail : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private readonly Queue<Fate> _fates = [];
    private readonly List<(HttpMethod Method, Guid Id, string Action, string? Body)> _delayed = [];
    private readonly List<TaskCompletionSource> _held = [];
    private TaskCompletionSource _aCallIsHeld = NewSource();
    private (string Status, string? Reason)? _status;
    private string? _body;

    /// <summary>What becomes of a transfer that is executed.</summary>
    public (string Status, string? Reason) Outcome { get; set; } = ("completed", null);

    /// <summary>The rail's own clock has passed the cut-off.</summary>
    public bool IsPastCutOff { get; set; }

    /// <summary>A submission came with another body: a defect of the caller's.</summary>
    public bool HasConflict { get; private set; }

    public bool HasPaid { get; private set; }

    public string? Status => _status?.Status;

    /// <summary>Forgets the transfer, and begins with another.</summary>
    public void Begin((string, string?) outcome)
    {
        lock (_lock)
        {
            (_status, _body, Outcome) = (null, null, outcome);
            (IsPastCutOff, HasPaid, HasConflict) = (false, false, false);
            _fates.Clear();
            _delayed.Clear();
        }
    }

    public void Next(params IEnumerable<Fate> fates)
    {
        lock (_lock)
        {
            foreach (var fate in fates)
            {
                _fates.Enqueue(fate);
            }
        }
    }

    /// <summary>Whatever was told of calls that weren't made is forgotten.</summary>
    public void ForgetFates()
    {
        lock (_lock)
        {
            _fates.Clear();
            _aCallIsHeld = NewSource();
        }
    }

    /// <summary>Ends when an answer is held back.</summary>
    public Task HeldAsync()
    {
        lock (_lock)
        {
            return _aCallIsHeld.Task;
        }
    }

    /// <summary>Calls that nobody waits for any more arrive now.</summary>
    public void DeliverDelayed()
    {
        lock (_lock)
        {
            _delayed.ForEach(call => Act(call.Method, call.Id, call.Action, call.Body).Dispose());
            _delayed.Clear();
        }
    }

    public void LetGo()
    {
        lock (_lock)
        {
            _held.ForEach(call => call.SetResult());
            _held.Clear();
        }
    }

    /// <summary>The bank goes on by one step.</summary>
    public void Progress()
    {
        lock (_lock)
        {
            if (_status is { Status: "accepted" })
            {
                _status = ("processing", null);
            }
            else if (_status is { Status: "processing" })
            {
                _status = Outcome;
                HasPaid = Outcome.Status == "completed";
            }
        }
    }

    public void ProgressToTheEnd()
    {
        Progress();
        Progress();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path is [_, _, "info"])
        {
            return FakeRail.Json("""{"environment":"sandbox"}""");
        }

        if (path is [_, _, "resolve"])
        {
            return FakeRail.Json("""{"payee":{"name":"ООО Ромашка"},"amountMinor":null,"state":"payable"}""");
        }

        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        var (response, held) = Pass(request.Method, Guid.Parse(path[3]), path.ElementAtOrDefault(4) ?? "", body);
        await held;
        return response;
    }

    private (HttpResponseMessage Response, Task Held) Pass(HttpMethod method, Guid id, string action, string? body)
    {
        lock (_lock)
        {
            var fate = _fates.TryDequeue(out var next) ? next : Fate.Answered;
            if (fate is Fate.Lost or Fate.Delayed)
            {
                if (fate == Fate.Delayed)
                {
                    _delayed.Add((method, id, action, body));
                }

                throw new HttpRequestException("The connection was cut.");
            }

            var response = Act(method, id, action, body);
            switch (fate)
            {
                case Fate.AnswerLost:
                    throw new HttpRequestException("The answer was lost.");
                case Fate.CallerDies:
                    throw new InvalidOperationException("The process ends here.");
                case Fate.Garbled:
                    return (FakeRail.Json("{\"status\":\"comple"), Task.CompletedTask);
                case Fate.Held:
                    var release = NewSource();
                    _held.Add(release);
                    _aCallIsHeld.TrySetResult();
                    return (response, release.Task);
                default:
                    return (response, Task.CompletedTask);
            }
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HttpResponseMessage Act(HttpMethod method, Guid id, string action, string? body)
    {
        if (action == "cancel")
        {
            _status ??= ("cancelled", null);
        }
        else if (method == HttpMethod.Put && _body is not null && _body != body)
        {
            HasConflict = true;
            return new HttpResponseMessage(HttpStatusCode.Conflict);
        }
        else if (method == HttpMethod.Put && _status is null)
        {
            if (IsPastCutOff)
            {
                return new HttpResponseMessage(HttpStatusCode.UnprocessableEntity);
            }

            (_status, _body) = (("accepted", null), body);
        }

        return _status is { } status
            ? FakeRail.Json(new JsonObject { ["id"] = id, ["status"] = status.Status, ["reason"] = status.Reason }.ToJsonString())
            : new HttpResponseMessage(HttpStatusCode.NotFound);
    }
}
