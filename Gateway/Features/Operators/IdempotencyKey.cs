using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>The header Idempotency-Key of an operator's call.</summary>
internal static class IdempotencyKey
{
    private const int MaxLength = 255;

    /// <summary>The key, or null when the call has none.</summary>
    /// <exception cref="RejectedException">400: it is empty, too long, or given twice.</exception>
    public static string? Of(HttpRequest request)
    {
        if (!request.Headers.TryGetValue("Idempotency-Key", out var values))
        {
            return null;
        }

        return values is [{ Length: > 0 and <= MaxLength } key]
            ? key
            : throw new RejectedException(GatewayErrors.IdempotencyKeyInvalid);
    }
}
