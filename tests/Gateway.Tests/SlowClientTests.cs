using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace ArdorQr.Gateway.Tests;

/// <summary>What a client gets that speaks too slowly, or no HTTP at all: bytes on a socket, as no HTTP client sends them.</summary>
public sealed class SlowClientTests(GatewayFixture fixture)
{
    private const int LimitSeconds = 30;
    private const int GraceSeconds = 5;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_never_ends_its_headers_loses_its_connection()
    {
        await using var gateway = Start(("Gateway:Limits:HeadersTimeoutSeconds", "1"));
        var watch = Stopwatch.StartNew();
        var answer = await SendAsync(gateway, "GET / HTTP/1.1\r\nHost: x\r\n");

        await AssertEnvelopeAsync(answer, 408, "validation_failed");
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 15);
    }

    [Theory]
    [InlineData("/v1/keys")] // Read here.
    [InlineData("/v1/payments")] // Passed on.
    public async Task A_client_that_sends_its_body_by_drops_is_refused_and_loses_its_connection(string path)
    {
        await using var gateway = Start(("Gateway:Limits:MinBytesPerSecond", "1000"));
        var merchant = await gateway.RegisterAsync(Cancellation);
        var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();
        var watch = Stopwatch.StartNew();
        var answer = await SendAsync(
            gateway,
            $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {merchant.LiveKey}\r\nContent-Type: application/json\r\n"
            + $"Idempotency-Key: {id}\r\nContent-Length: 1000\r\n\r\n{{",
            drops: " ");

        await AssertEnvelopeAsync(answer, 408, "validation_failed");
        Assert.InRange(watch.Elapsed.TotalSeconds, GraceSeconds - 1, LimitSeconds);
        Assert.DoesNotContain(fixture.Payments.Seen, request => request.Headers["Idempotency-Key"] == id);
    }

    [Theory]
    [InlineData("/v1/keys")]
    [InlineData("/v1/payments")]
    public async Task A_client_that_is_just_fast_enough_has_no_longer_than_any_request(string path)
    {
        await using var gateway = Start(("Gateway:Limits:MinBytesPerSecond", "1"), ("Gateway:Limits:RequestTimeoutSeconds", "1"));
        var merchant = await gateway.RegisterAsync(Cancellation);
        var answer = await SendAsync(
            gateway,
            $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {merchant.LiveKey}\r\nContent-Type: application/json\r\n"
            + "Content-Length: 1000\r\n\r\n{",
            drops: " ");

        await AssertEnvelopeAsync(answer, 504, "service_unavailable");
    }

    [Theory]
    [InlineData("no http at all\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)] // No Host.
    [InlineData("GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX: {large}\r\n\r\n", 431)]
    [InlineData("GET /{large} HTTP/1.1\r\nHost: x\r\n\r\n", 414)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n", 431)]
    [InlineData("POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400)]
    public async Task What_the_server_refuses_before_there_is_a_request_is_in_the_envelope_too(string bytes, int status)
    {
        var many = string.Concat(Enumerable.Range(0, 100).Select(index => $"X-{index}: 1\r\n"));
        bytes = bytes.Replace("{large}", new string('a', 20_000), StringComparison.Ordinal)
            .Replace("{many}", many, StringComparison.Ordinal);

        await AssertEnvelopeAsync(await SendAsync(fixture.Gateway, bytes), status, "validation_failed");
    }

    [Fact]
    public async Task A_refusal_after_an_answer_on_the_same_connection_is_in_the_envelope_too()
    {
        for (var count = 1; count <= 12; count++) // The refusal's place in the server's memory moves with each.
        {
            var answers = await SendAsync(
                fixture.Gateway, string.Concat(Enumerable.Repeat("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", count)) + "nonsense\r\n\r\n");
            await AssertEnvelopeAsync(answers[answers.LastIndexOf("HTTP/1.1", StringComparison.Ordinal)..], 400, "validation_failed");
            Assert.Equal(count, answers.Split("HTTP/1.1 200").Length - 1);
        }
    }

    /// <summary>Sends the bytes, then a drop ten times a second, and reads until the server closes.</summary>
    private static async Task<string> SendAsync(TestGateway gateway, string bytes, string? drops = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(LimitSeconds));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, gateway.Anonymous.BaseAddress!.Port, limit.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(bytes), limit.Token);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var dripping = drops is null ? Task.CompletedTask : DripAsync(stream, drops, reading.Token);
        var answer = new StringBuilder();
        var buffer = new byte[4_096];
        try
        {
            while (await stream.ReadAsync(buffer, limit.Token) is > 0 and var count)
            {
                answer.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Reset: bytes of ours were still on their way.
        }

        await reading.CancelAsync();
        await dripping;
        return answer.ToString();
    }

    private static async Task DripAsync(NetworkStream stream, string drop, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(drop), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The server has closed.
        }
    }

    private static async Task AssertEnvelopeAsync(string answer, int status, string code)
    {
        var parts = answer.Split("\r\n\r\n", 2);
        Assert.True(parts.Length == 2 && parts[0].StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), answer);
        using var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(BodyOf(parts[0], parts[1])) };
        foreach (var header in parts[0].Split("\r\n").Skip(1).Select(line => line.Split(": ", 2)))
        {
            if (header[0] == "Content-Type")
            {
                response.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(header[1]);
            }

            response.Headers.TryAddWithoutValidation(header[0], header[1]);
        }

        await response.AssertErrorAsync(status, code, Cancellation);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    private static string BodyOf(string head, string body) =>
        head.Contains("Transfer-Encoding: chunked", StringComparison.Ordinal)
            ? body.Split("\r\n", 2)[1].Split("\r\n0\r\n", 2)[0]
            : body;

    private TestGateway Start(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(fixture.Settings);
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return TestGateway.Start(fixture.Database, all);
    }
}
