using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ArdorQr.RailConformance;

/// <summary>A callback that came, and what was wrong with it: null when nothing was.</summary>
internal sealed record Callback(Guid? TransferId, string? Fault);

/// <summary>
/// Stands where Payments would: takes the adapter's callbacks on this machine. The first one of each transfer is not
/// taken (503), so that it has to come again.
/// </summary>
internal sealed class CallbackListener : IAsyncDisposable
{
    private const int MaxBodyBytes = 16 * 1024;
    private const int MaxAgeSeconds = 300;
    private const string SignatureHeader = "X-Rail-Signature";

    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Callback> _callbacks = [];
    private readonly byte[] _secret;
    private readonly Task _loop;

    /// <param name="url">Where to listen, on the loopback.</param>
    /// <param name="secret">What the adapter signs with.</param>
    /// <exception cref="HttpListenerException">Nobody can listen there.</exception>
    public CallbackListener(Uri url, string secret)
    {
        _secret = Encoding.UTF8.GetBytes(secret);
        _listener.Prefixes.Add(url.AbsoluteUri.EndsWith('/') ? url.AbsoluteUri : url.AbsoluteUri + '/');
        _listener.Start();
        _loop = TakeAllAsync();
    }

    /// <summary>Those of a transfer, and those that name none.</summary>
    public IReadOnlyList<Callback> Of(Guid id) =>
        [.. _callbacks.Where(callback => callback.TransferId is null || callback.TransferId == id)];

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }

    private async Task TakeAllAsync()
    {
        while (true)
        {
            try
            {
                await TakeAsync(await _listener.GetContextAsync());
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or IOException)
            {
                if (!_listener.IsListening)
                {
                    return; // Closed.
                }
            }
        }
    }

    private async Task TakeAsync(HttpListenerContext context)
    {
        var buffer = new byte[MaxBodyBytes + 1];
        var length = await context.Request.InputStream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false);
        var body = buffer[..length];
        var callback = new Callback(TransferOf(body), FaultOf(context.Request, body));
        var isFirst = callback.Fault is null && _callbacks.All(other => other.TransferId != callback.TransferId);
        _callbacks.Enqueue(callback);
        context.Response.StatusCode = (int)(isFirst ? HttpStatusCode.ServiceUnavailable
            : callback.Fault is null ? HttpStatusCode.NoContent : HttpStatusCode.BadRequest);
        context.Response.Close();
    }

    private string? FaultOf(HttpListenerRequest request, byte[] body) =>
        request.HttpMethod != "POST" ? $"a callback is a {request.HttpMethod}"
        : body.Length > MaxBodyBytes ? "a callback is over 16 KiB"
        : TransferOf(body) is null ? "a callback is no JSON object with a transferId"
        : SignatureFault(request.Headers[SignatureHeader] ?? "", body);

    private string? SignatureFault(string header, byte[] body)
    {
        var parts = header.Split(',');
        if (parts is not [['t', '=', .. var stamp], ['v', '1', '=', ..], ..]
            || !long.TryParse(stamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return $"{SignatureHeader} isn't t=<unix seconds>,v1=<hex>";
        }

        byte[] signed = [.. Encoding.ASCII.GetBytes(stamp + "."), .. body];
        var expected = "v1=" + Convert.ToHexStringLower(HMACSHA256.HashData(_secret, signed));
        return !parts.Skip(1).Contains(expected, StringComparer.OrdinalIgnoreCase) ? "a callback's signature is wrong"
            : Math.Abs((decimal)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - seconds) > MaxAgeSeconds
                ? "a callback's signature is over five minutes off"
            : null;
    }

    private static Guid? TransferOf(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("transferId", out var id)
                && id.ValueKind == JsonValueKind.String && id.TryGetGuid(out var transfer) ? transfer : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
