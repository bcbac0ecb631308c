using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>Why an operator does something, for the audit log.</summary>
internal static class Reason
{
    private const int MaxLength = 500;

    private sealed record Request
    {
        public string? Reason { get; init; }
    }

    /// <summary>The reason in a body that may be absent.</summary>
    /// <exception cref="RejectedException">400: it is no text of a sensible length.</exception>
    public static async Task<string?> OptionalAsync(HttpContext context, CancellationToken cancellationToken) =>
        Checked((await JsonBody.ReadOptionalAsync<Request>(context, cancellationToken))?.Reason);

    /// <summary>The reason in the query, for requests without a body.</summary>
    /// <exception cref="RejectedException">400: as above.</exception>
    public static string? OfQuery(HttpContext context) =>
        context.Request.Query["reason"] is [{ } reason] ? Checked(reason) : null;

    /// <exception cref="RejectedException">400: as above, or blank.</exception>
    public static string Required(string? reason) =>
        string.IsNullOrWhiteSpace(reason) ? throw Wrong() : Checked(reason)!;

    private static string? Checked(string? reason) =>
        reason is null || PlainText.Fits(reason, MaxLength) ? reason : throw Wrong();

    private static RejectedException Wrong() => new(CommonErrors.ValidationFailed(
        "reason", $"Поле «reason» — текст не длиннее {MaxLength} символов, без управляющих."));
}
