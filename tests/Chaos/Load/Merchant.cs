using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace ArdorQr.Chaos.Load;

/// <summary>An answer: its status and its body.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text)
{
    /// <summary>What the tries before it got, for a message.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    public JsonElement Body => JsonSerializer.Deserialize<JsonElement>(Text);

    public string? Code =>
        Body is { ValueKind: JsonValueKind.Object } body && body.TryGetProperty("error", out var error)
            ? error.GetProperty("code").GetString() : null;
}

/// <summary>
/// A caller of the API that does what the reference tells callers to: the same again, at the other gateway, when no
/// answer or a 5xx came.
/// </summary>
internal sealed class ApiCaller : IDisposable
{
    private const int TimeoutSeconds = 45;
    private const int MaxTries = 250;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly HttpClient[] _gateways;
    private int _next;

    public ApiCaller(IEnumerable<Uri> gateways, string token) => _gateways = [.. gateways.Select(url =>
    {
        var client = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(TimeoutSeconds) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    })];

    /// <summary>Until an answer other than 5xx, 429 and "still running" comes.</summary>
    /// <param name="method">Of the request, which is the same at each try.</param>
    /// <param name="path">With its query.</param>
    /// <param name="body">Null is none.</param>
    /// <param name="idempotencyKey">Null where each try is a request of its own.</param>
    /// <param name="cancellationToken">Stops trying.</param>
    /// <param name="failed">Called after each try that came to nothing, as far as one can tell.</param>
    /// <exception cref="InvalidOperationException">None came in all tries.</exception>
    public async Task<Answer> SendAsync(
        HttpMethod method, string path, object? body, string? idempotencyKey, CancellationToken cancellationToken,
        Action? failed = null)
    {
        var (pause, gateway) = (TimeSpan.Zero, NextGateway());
        var failures = new List<string>();
        while (true)
        {
            var answer = await TryAsync(method, path, body, idempotencyKey, gateway, cancellationToken);
            if (answer is not null && !IsToRepeat(answer))
            {
                return answer with { Failures = failures };
            }

            failures.Add($"gateway {gateway + 1}: {(answer is null ? "no answer" : $"{(int)answer.Status} {answer.Code}")}");
            failed?.Invoke();
            if (failures.Count == MaxTries)
            {
                throw new InvalidOperationException($"{method} {path} failed {MaxTries} times.");
            }

            gateway = (gateway + 1) % _gateways.Length;
            // The first repetition is at once: it goes to the other gateway.
            await Task.Delay(pause, cancellationToken);
            pause = pause == TimeSpan.Zero ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, path, null, null, cancellationToken);
        return answer.Status == HttpStatusCode.OK
            ? answer.Body
            : throw new InvalidOperationException($"GET {path}: {(int)answer.Status} {answer.Text}");
    }

    public void Dispose()
    {
        foreach (var gateway in _gateways)
        {
            gateway.Dispose();
        }
    }

    private int NextGateway() => (int)((uint)Interlocked.Increment(ref _next) % _gateways.Length);

    private async Task<Answer?> TryAsync(
        HttpMethod method, string path, object? body, string? idempotencyKey, int gateway,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = body is null ? null : JsonContent.Create(body);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        try
        {
            using var response = await _gateways[gateway].SendAsync(request, cancellationToken);
            return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    private static bool IsToRepeat(Answer answer) =>
        answer.Status is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError
        || answer.Code == "idempotency_in_progress";
}

/// <summary>A merchant with a test key, funded by an adjustment, whose server takes webhooks.</summary>
internal sealed class Merchant(int index, Guid id, ApiCaller api, long fundsMinor) : IDisposable
{
    public int Index => index;

    public Guid Id => id;

    public ApiCaller Api => api;

    public long FundsMinor => fundsMinor;

    /// <summary>The deposit address as the chain writes it: workchain, colon, 64 hex digits.</summary>
    public required string Owner { get; init; }

    /// <summary>Registers by the operator's API, and sets the webhooks up by the public one.</summary>
    public static async Task<Merchant> RegisterAsync(
        int index, long fundsMinor, IReadOnlyList<Uri> gateways, ApiCaller operators, Receiver receiver,
        CancellationToken cancellationToken)
    {
        var registered = (await operators.SendAsync(
            HttpMethod.Post, "/operator/merchants", new { name = $"ООО Испытание {index}" }, $"chaos-merchant-{index}",
            cancellationToken)).Body;
        var id = registered.GetProperty("id").GetGuid();
        var key = registered.GetProperty("keys").GetProperty("test").GetProperty("secret").GetString()!;
        var api = new ApiCaller(gateways, key);
        var adjusted = await operators.SendAsync(
            HttpMethod.Post, $"/operator/merchants/{id}/adjustments",
            new { mode = "test", amountMinor = fundsMinor, reason = "Funds of the run" }, $"chaos-funds-{index}",
            cancellationToken);
        if (adjusted.Status != HttpStatusCode.Created)
        {
            throw new InvalidOperationException($"The adjustment was refused: {adjusted.Text}");
        }

        // A new merchant is usable within 3 s of its registration.
        var address = await UntilOkAsync(api, HttpMethod.Get, "/v1/deposit-address", null, cancellationToken);
        var endpoint = await UntilOkAsync(
            api, HttpMethod.Put, "/v1/webhooks", new { url = receiver.UrlOf(index) }, cancellationToken);
        receiver.SecretIs(index, endpoint.GetProperty("secret").GetString()!);
        var owner = RawAddress(address.GetProperty("address").GetString()!);
        return new Merchant(index, id, api, fundsMinor) { Owner = owner };
    }

    public void Dispose() => api.Dispose();

    private static async Task<JsonElement> UntilOkAsync(
        ApiCaller api, HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        const int maxTries = 100;
        for (var tries = 1; ; tries++)
        {
            var answer = await api.SendAsync(method, path, body, null, cancellationToken);
            if (answer.Status == HttpStatusCode.OK)
            {
                return answer.Body;
            }

            if (tries == maxTries)
            {
                throw new InvalidOperationException($"{method} {path}: {(int)answer.Status} {answer.Text}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    /// <summary>Friendly form: a tag, the workchain, 32 bytes and a checksum in URL-safe base64.</summary>
    private static string RawAddress(string friendly)
    {
        var bytes = Convert.FromBase64String(friendly.Replace('-', '+').Replace('_', '/'));
        return $"{(sbyte)bytes[1]}:{Convert.ToHexStringLower(bytes.AsSpan(2, 32))}";
    }
}
