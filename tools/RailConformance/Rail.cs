using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace ArdorQr.RailConformance;

/// <summary>An adapter's answer: its status, and its body if that is JSON.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonElement? Body)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public string? Text(string name) => Body is { ValueKind: JsonValueKind.Object } body
        && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>The contract's calls.</summary>
/// <param name="http">With the adapter's base address.</param>
/// <param name="token">The bearer token, or null for none.</param>
/// <param name="callbacks">Where the adapter calls back; null when that isn't checked.</param>
internal sealed class Rail(HttpClient http, string? token, CallbackListener? callbacks)
{
    public CallbackListener? Callbacks => callbacks;

    public Rail WithToken(string? other) => new(http, other, callbacks);

    public Task<Answer> InfoAsync(CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, "info", null, cancellationToken);

    public Task<Answer> ResolveAsync(string qr, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, "resolve", new { qr }, cancellationToken);

    public Task<Answer> SubmitAsync(Guid id, Transfer transfer, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, $"transfers/{id}", transfer, cancellationToken);

    public Task<Answer> AskAsync(Guid id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"transfers/{id}", null, cancellationToken);

    public Task<Answer> CancelAsync(Guid id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"transfers/{id}/cancel", null, cancellationToken);

    public Task<Answer> StatementAsync(string from, string to, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Get, $"transfers?from={Uri.EscapeDataString(from)}&to={Uri.EscapeDataString(to)}", null, cancellationToken);

    private async Task<Answer> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri($"rail/v1/{path}", UriKind.Relative));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Content = body is null ? null : JsonContent.Create(body, options: JsonSerializerOptions.Web);
        using var response = await http.SendAsync(request, cancellationToken);
        return new Answer(response.StatusCode, JsonOf(await response.Content.ReadAsByteArrayAsync(cancellationToken)));
    }

    private static JsonElement? JsonOf(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>The body of a submission.</summary>
internal sealed record Transfer(string Qr, string? Kind, JsonElement? Payee, long AmountMinor, string Currency, string NotAfter)
{
    private const string Moment = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public static string At(DateTimeOffset moment) => moment.UtcDateTime.ToString(Moment, CultureInfo.InvariantCulture);
}
