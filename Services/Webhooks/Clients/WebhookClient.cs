using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Clients;

/// <summary>One webhook as it goes out.</summary>
internal sealed record OutgoingWebhook
{
    public required ReceiverUrl Url { get; init; }
    public required ReadOnlyMemory<byte> Body { get; init; }
    public required Guid EventId { get; init; }
    public required Guid DeliveryId { get; init; }
    public required int Attempt { get; init; }

    /// <summary>The secrets that are valid now, newest first.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>How much older than it is the signature says that the webhook is; zero but for a trial.</summary>
    public TimeSpan Backdated { get; init; }
}

/// <summary>
/// Hands webhooks to merchants' servers. It trusts nothing there: no redirects, cookies or proxy, every answer bounded
/// in time and size, every connection through <see cref="GuardedConnections"/>. It is no client of the factory, whose
/// service discovery would let a merchant's URL name a service of ours.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    /// <summary>For everything: connecting, TLS, sending and the answer.</summary>
    private const int TimeoutSeconds = 15;
    private const int ConnectTimeoutSeconds = 10;
    private const int ConnectionLifetimeSeconds = 60; // A change of DNS counts after that.
    private const int MaxHeadersKib = 32;
    private const int MaxReadBytes = 64 * 1024; // Read on past what is kept, so that the connection can be used again.
    private const int ReadAtOnceBytes = 8 * 1024;
    private const string JsonType = "application/json";
    private const string UserAgent = "ArdorQR-Webhooks/1.0";

    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;

    public WebhookClient(GuardedConnections connections, ReceiverTls tls, TimeProvider time)
    {
        _time = time;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = connections.ConnectAsync,
            SslOptions = tls.ClientOptions(),
            ConnectTimeout = TimeSpan.FromSeconds(ConnectTimeoutSeconds),
            PooledConnectionLifetime = TimeSpan.FromSeconds(ConnectionLifetimeSeconds),
            MaxResponseHeadersLength = MaxHeadersKib,
            MaxResponseDrainSize = 0, // What goes on past that costs its connection, not our reading.
        });
    }

    /// <summary>Makes one attempt. Every fault of the other side is an answer, never an exception.</summary>
    public async Task<Answer> PostAsync(OutgoingWebhook webhook, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(TimeoutSeconds), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var started = _time.GetTimestamp();
        try
        {
            using var request = RequestOf(webhook);
            using var response = await _http.SendAsync(request, either.Token);
            return new Answer
            {
                Status = (int)response.StatusCode,
                Body = Answer.Excerpt(await ReadStartAsync(response, either.Token)),
                RetryAfter = RetryAfterOf(response),
                Duration = _time.GetElapsedTime(started),
            };
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new Answer { Error = ErrorOf(exception), Duration = _time.GetElapsedTime(started) };
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage RequestOf(OutgoingWebhook webhook)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url.Uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ReadOnlyMemoryContent(webhook.Body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(JsonType);
        var headers = request.Headers;
        headers.TryAddWithoutValidation("User-Agent", UserAgent);
        headers.TryAddWithoutValidation(
            Signature.HeaderName,
            Signature.Header(_time.GetUtcNow() - webhook.Backdated, webhook.Body.Span, webhook.Secrets));
        headers.TryAddWithoutValidation(Signature.EventIdHeaderName, webhook.EventId.ToString());
        headers.TryAddWithoutValidation("X-Ardor-Delivery-Id", webhook.DeliveryId.ToString());
        headers.TryAddWithoutValidation("X-Ardor-Attempt", webhook.Attempt.ToString(CultureInfo.InvariantCulture));
        request.Options.Set(GuardedConnections.OnThisMachine, webhook.Url.IsOnThisMachine);
        return request;
    }

    /// <summary>
    /// The start of the body, as much of it as arrives in time: the status is the answer, the body a remark.
    /// </summary>
    private static async Task<byte[]> ReadStartAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var kept = new byte[Answer.MaxKeptBytes];
        var scrap = new byte[ReadAtOnceBytes];
        var (total, keptCount) = (0, 0);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            for (int read;
                total < MaxReadBytes && (read = await stream.ReadAsync(
                    scrap.AsMemory(0, Math.Min(ReadAtOnceBytes, MaxReadBytes - total)), cancellationToken)) > 0;
                total += read)
            {
                var take = Math.Min(read, kept.Length - keptCount);
                scrap.AsSpan(0, take).CopyTo(kept.AsSpan(keptCount));
                keptCount += take;
            }
        }
        catch (Exception exception) when (
            exception is IOException or HttpRequestException or OperationCanceledException)
        {
            // What came until then is kept.
        }

        return kept[..keptCount];
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } date } when date - _time.GetUtcNow() is var wait && wait > TimeSpan.Zero => wait,
        _ => null,
    };

    private static string ErrorOf(Exception exception)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case AddressForbiddenException:
                    return AttemptErrors.AddressForbidden;
                case AuthenticationException:
                    return AttemptErrors.TlsFailed;
                case SocketException
                {
                    SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData
                }:
                    return AttemptErrors.NameNotResolved;
            }
        }

        return exception switch
        {
            OperationCanceledException => AttemptErrors.TimedOut,
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => AttemptErrors.NotConnected,
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
                AttemptErrors.TlsFailed,
            _ => AttemptErrors.BadResponse,
        };
    }
}
