using System.Text.Json;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.ServiceDefaults.Http;

/// <summary>Reads a request's JSON body strictly: every fault is one of the contract's errors, naming the field.</summary>
public static class JsonBody
{
    /// <summary>The largest body of a request, 64 KiB.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Reads a required body.</summary>
    /// <exception cref="RejectedException">400 bad_json or validation_failed, 413, 415.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, CancellationToken cancellationToken)
        where T : class =>
        Parse<T>(await ReadBytesAsync(context, cancellationToken)) ?? throw new RejectedException(CommonErrors.BadJson);

    /// <summary>Reads a body that may be absent; an absent one is null.</summary>
    /// <exception cref="RejectedException">As <see cref="ReadAsync{T}"/>.</exception>
    public static async Task<T?> ReadOptionalAsync<T>(HttpContext context, CancellationToken cancellationToken)
        where T : class
    {
        var bytes = await ReadBytesAsync(context, cancellationToken);
        return bytes.Length == 0 ? null : Parse<T>(bytes) ?? throw new RejectedException(CommonErrors.BadJson);
    }

    /// <summary>The body's bytes (possibly none), for callers that also keep or hash them.</summary>
    /// <exception cref="RejectedException">413, 415, or 400 for a query on a request with a body.</exception>
    public static async Task<byte[]> ReadBytesAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var request = context.Request;
        if (request.Query.Count > 0)
        {
            var name = request.Query.Keys.First();
            throw new RejectedException(CommonErrors.ValidationFailed(name, $"Неизвестный параметр «{Shown(name)}»."));
        }

        if (request.ContentLength > MaxBytes)
        {
            throw new RejectedException(CommonErrors.BodyTooLarge);
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[8 * 1024];
        for (int read; (read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0;)
        {
            if (buffer.Length + read > MaxBytes)
            {
                throw new RejectedException(CommonErrors.BodyTooLarge);
            }

            buffer.Write(chunk, 0, read);
        }

        if (buffer.Length > 0 && !request.HasJsonContentType())
        {
            throw new RejectedException(CommonErrors.UnsupportedMediaType);
        }

        return buffer.ToArray();
    }

    /// <summary>Parses bytes that <see cref="ReadBytesAsync"/> returned.</summary>
    /// <exception cref="RejectedException">400 bad_json or validation_failed.</exception>
    public static T? Parse<T>(byte[] bytes)
        where T : class
    {
        if (bytes.Length == 0)
        {
            throw new RejectedException(CommonErrors.BadJson);
        }

        try
        {
            // Syntax first: what is no JSON at all is bad_json, what is JSON of another shape names its field.
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException)
        {
            throw new RejectedException(CommonErrors.BadJson);
        }

        try
        {
            return JsonSerializer.Deserialize<T>(bytes, ApiJson.Options);
        }
        catch (JsonException exception)
        {
            var field = FieldOf(exception);
            throw new RejectedException(CommonErrors.ValidationFailed(field, MessageOf(exception, field)));
        }
    }

    private static string FieldOf(JsonException exception)
    {
        if (exception.Message.StartsWith("Duplicate property '", StringComparison.Ordinal)
            || exception.Message.StartsWith("The JSON property '", StringComparison.Ordinal))
        {
            return exception.Message.Split('\'')[1]; // The framework tells the name of the member in the text only.
        }

        if (exception.Message.Contains("missing required properties", StringComparison.Ordinal))
        {
            var start = exception.Message.IndexOf(": ", StringComparison.Ordinal);
            return start < 0 ? "" : exception.Message[(start + 2)..].Trim('.', ' ').Trim('\'');
        }

        return exception.Path is { Length: > 2 } path ? path[2..] : "";
    }

    private static string MessageOf(JsonException exception, string field) => exception.Message switch
    {
        var text when text.StartsWith("Duplicate property '", StringComparison.Ordinal) => $"Поле «{Shown(field)}» указано дважды.",
        var text when text.StartsWith("The JSON property '", StringComparison.Ordinal) => $"Неизвестное поле «{Shown(field)}».",
        var text when text.Contains("missing required properties", StringComparison.Ordinal) => $"Не указано обязательное поле «{Shown(field)}».",
        _ => $"Недопустимое значение поля «{Shown(field)}».",
    };

    private static string Shown(string name) => name.Length <= 64 ? name : name[..64];
}
