using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Errors;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace ArdorQr.Payments.Clients;

/// <summary>
/// The neutral HTTP contract of a payment rail, read strictly: an answer that isn't exactly of the contract's shape
/// says nothing. Used only after <c>/rail/v1/info</c> has named the environment that the mode demands.
/// </summary>
internal sealed partial class RailClient(
    Mode mode, RailOptions options, IHttpClientFactory factory, TimeProvider time, ILogger<RailClient> logger)
{
    public const string ResolvePath = "rail/v1/resolve";

    private const int EnvironmentCheckSeconds = 300;
    private const int MaxStatementPages = 100;
    private const int MaxAnswerBytes = 64 * 1024;

    /// <summary>A page has a thousand transfers, each with its code: a quarter of a megabyte with codes of SBP.</summary>
    private const int MaxStatementPageBytes = 8 * 1024 * 1024;
    private const string Roubles = "RUB";

    // A rail may add fields, but what it says twice or of the wrong type says nothing.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNameCaseInsensitive = false,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
        AllowDuplicateProperties = false,
    };

    private long _environmentCheckedAt; // A timestamp of the TimeProvider; 0 before the first check.

    public string Name => options.Name!;

    public string CallbackSecret => options.CallbackSecret!;

    public int TimeoutSeconds => options.TimeoutSeconds;

    public static string HttpClientOf(Mode mode) => $"rail-{mode.Code}";

    /// <summary>Who is paid by this code, and how much.</summary>
    public async Task<ResolveAnswer> ResolveAsync(string qr, CancellationToken cancellationToken)
    {
        var reply = await SendAsync(HttpMethod.Post, ResolvePath, new { qr }, cancellationToken);
        if (reply is not { Status: HttpStatusCode.OK })
        {
            return new ResolveAnswer.Unavailable(reply.Describe());
        }

        return Parse<Resolution>(reply) switch
        {
            { State: "payable", AmountMinor: null or { Value: > 0 } } found =>
                new ResolveAnswer.Payable(
                    found.Payee ?? new RailPayee(null, null, null), found.AmountMinor, found.ExpiresAt),
            { State: "expired" } => new ResolveAnswer.Expired(),
            { State: "paid" } => new ResolveAnswer.Paid(),
            { State: "cancelled" } => new ResolveAnswer.Cancelled(),
            { State: "unknown" } => new ResolveAnswer.NotFound(),
            _ => new ResolveAnswer.Unavailable("garbled"),
        };
    }

    /// <summary>Submits the payment under its own id; the same id again is the same transfer.</summary>
    public Task<TransferAnswer> SubmitAsync(
        PaymentRow payment, PaymentDetails details, DateTimeOffset notAfter, CancellationToken cancellationToken) =>
        TransferAsync(HttpMethod.Put, payment.PaymentId, "", new
        {
            qr = details.QrCanonical,
            kind = payment.QrKind ?? payment.QrFormat,
            payee = new RailPayee(details.PayeeName, details.PayeeBank, details.PayeeInn),
            amountMinor = payment.AmountKopecks,
            currency = Roubles,
            notAfter,
        }, cancellationToken);

    public Task<TransferAnswer> AskAsync(Guid transferId, CancellationToken cancellationToken) =>
        TransferAsync(HttpMethod.Get, transferId, "", null, cancellationToken);

    /// <summary>Makes an id that the rail has never seen dead, or tells what has become of it.</summary>
    public Task<TransferAnswer> CancelAsync(Guid transferId, CancellationToken cancellationToken) =>
        TransferAsync(HttpMethod.Post, transferId, "/cancel", null, cancellationToken);

    /// <summary>
    /// What the rail says to have seen first within this time, by transfer; null when it gave no whole statement.
    /// </summary>
    public async Task<IReadOnlyDictionary<Guid, StatementLine>?> StatementAsync(
        DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var lines = new Dictionary<Guid, StatementLine>();
        DateTimeOffset? next = from;
        for (var pages = 0; next is { } since; pages++)
        {
            var path = $"rail/v1/transfers?from={Moment(since)}&to={Moment(to)}";
            var reply = await SendAsync(HttpMethod.Get, path, null, cancellationToken, MaxStatementPageBytes);
            if (pages == MaxStatementPages || reply.Status != HttpStatusCode.OK
                || Parse<Statement>(reply) is not { Transfers: { } transfers } page
                || transfers.Any(line => line is not { Id: not null, Status: not null })
                || page.NextFrom <= since)
            {
                return null;
            }

            foreach (var line in transfers)
            {
                lines[line.Id!.Value] = new StatementLine(line.Status!, line.AmountMinor, line.Qr);
            }

            next = page.NextFrom;
        }

        return lines;
    }

    private static string Moment(DateTimeOffset moment) => Uri.EscapeDataString(
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));

    private async Task<TransferAnswer> TransferAsync(
        HttpMethod method, Guid transferId, string action, object? body, CancellationToken cancellationToken)
    {
        var reply = await SendAsync(method, $"rail/v1/transfers/{transferId}{action}", body, cancellationToken);
        return reply.Status switch
        {
            HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.Accepted =>
                Read(Parse<Transfer>(reply), transferId),
            HttpStatusCode.NotFound when method == HttpMethod.Get => new TransferAnswer.NotSeen(),
            HttpStatusCode.Conflict => new TransferAnswer.Conflict(),
            _ => new TransferAnswer.Unknown(reply.Describe()),
        };
    }

    private static TransferAnswer Read(Transfer? transfer, Guid transferId) => transfer switch
    {
        { Id: { } id } when id != transferId => new TransferAnswer.Unknown("another transfer's answer"),
        { TransferId: { } id } when id != transferId => new TransferAnswer.Unknown("another transfer's answer"),
        { Status: "accepted" or "processing" } => new TransferAnswer.InProgress(transfer.Status),
        { Status: "completed" } => new TransferAnswer.Completed(),
        { Status: "cancelled" } => new TransferAnswer.Cancelled(),
        { Status: "failed", Reason: { } reason } when FailureReasons.OfRail.Contains(reason) =>
            new TransferAnswer.Failed(reason),
        { Status: "failed" } => new TransferAnswer.Unknown("failed for an unknown reason"),
        _ => new TransferAnswer.Unknown("garbled"),
    };

    private async Task<Reply> SendAsync(
        HttpMethod method, string path, object? body, CancellationToken cancellationToken, int maxBytes = MaxAnswerBytes)
    {
        if (!await IsOfTheRightWorldAsync(cancellationToken))
        {
            return new Reply(null, [], "environment not verified");
        }

        return await CallAsync(method, path, body, maxBytes, cancellationToken);
    }

    /// <summary>
    /// Live refuses a sandbox, test refuses a real rail, and both anything but what the settings name.
    /// </summary>
    private async Task<bool> IsOfTheRightWorldAsync(CancellationToken cancellationToken)
    {
        var checkedAt = Volatile.Read(ref _environmentCheckedAt);
        if (checkedAt != 0 && time.GetElapsedTime(checkedAt).TotalSeconds < EnvironmentCheckSeconds)
        {
            return true;
        }

        var reply = await CallAsync(HttpMethod.Get, "rail/v1/info", null, MaxAnswerBytes, cancellationToken);
        var environment = reply.Status == HttpStatusCode.OK ? Parse<Info>(reply)?.Environment : null;
        if (environment is null)
        {
            LogEnvironmentUnknown(mode, reply.Describe());
            return false;
        }

        var isSandbox = environment == RailOptions.SandboxEnvironment;
        if (environment != options.Environment || isSandbox != (mode == Mode.Test))
        {
            LogWrongEnvironment(mode, environment);
            return false;
        }

        Volatile.Write(ref _environmentCheckedAt, time.GetTimestamp());
        return true;
    }

    private async Task<Reply> CallAsync(
        HttpMethod method, string path, object? body, int maxBytes, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var http = factory.CreateClient(HttpClientOf(mode));
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Token);
        request.Content = body is null ? null : JsonContent.Create(body, options: ServiceDefaults.Http.ApiJson.Options);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            // The pipeline's time-out ends with the headers: what is left of it is the body's.
            using var timeout = new CancellationTokenSource(LeftOf(began), time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            await response.Content.LoadIntoBufferAsync(maxBytes, either.Token);
            return new Reply(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken), null);
        }
        catch (Exception exception) when (Transient.Is(exception)
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new Reply(null, [], WhyOf(exception));
        }
    }

    private TimeSpan LeftOf(long began)
    {
        var left = TimeSpan.FromSeconds(TimeoutSeconds) - time.GetElapsedTime(began);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>In words of the contract's world: a merchant reads them in the payment's timeline.</summary>
    private static string WhyOf(Exception exception) => exception switch
    {
        BrokenCircuitException => "not asked: the rail has failed too often",
        TimeoutRejectedException or OperationCanceledException or TimeoutException => "no answer in time",
        _ => "the connection failed",
    };

    private static T? Parse<T>(Reply reply)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(reply.Body, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The {Mode} rail did not say which environment it is: {Why}")]
    private partial void LogEnvironmentUnknown(Mode mode, string why);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "The {Mode} rail is of the environment {Environment} and is not used")]
    private partial void LogWrongEnvironment(Mode mode, string environment);

    /// <summary>An HTTP answer, or why there was none.</summary>
    private sealed record Reply(HttpStatusCode? Status, byte[] Body, string? Failure)
    {
        public string Describe() => Failure ?? $"status {(int)Status!}";
    }

    private sealed record Resolution(RailPayee? Payee, Kopecks? AmountMinor, string? State, DateTimeOffset? ExpiresAt);

    private sealed record Transfer(Guid? Id, Guid? TransferId, string? Status, string? Reason);

    private sealed record Info(string? Environment);

    private sealed record Statement(IReadOnlyList<Line>? Transfers, DateTimeOffset? NextFrom);

    private sealed record Line(Guid? Id, string? Status, Kopecks? AmountMinor, string? Qr);
}
