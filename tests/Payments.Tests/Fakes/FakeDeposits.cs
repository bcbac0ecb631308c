using System.Net;

namespace ArdorQr.Payments.Tests.Fakes;

/// <summary>Deposits' quotes in memory: a 503 unless a test says otherwise.</summary>
internal sealed class FakeDeposits : HttpMessageHandler
{
    /// <summary>The answer as JSON; null is a 503.</summary>
    public Func<string, Task<string?>> Answer { get; set; } = _ => Task.FromResult<string?>(null);

    public string? LastPath { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        LastPath = request.RequestUri!.PathAndQuery;
        return await Answer(LastPath).WaitAsync(cancellationToken) is { } body
            ? FakeRail.Json(body)
            : new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
    }
}
