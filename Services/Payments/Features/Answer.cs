using System.Globalization;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features;

/// <summary>An answer to a merchant with its exact bytes, so that a replay repeats them.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">JSON in UTF-8.</param>
internal sealed record Answer(int Status, byte[] Body) : IResult
{
    public const string ReplayedHeader = "Idempotency-Replayed";

    /// <summary>Whether a repetition with the same key gets these bytes; otherwise it runs anew.</summary>
    public bool IsKept { get; private init; } = true;

    public bool IsReplay { get; init; }

    private int? RetryAfterSeconds { get; init; }

    public static Answer Of<TView>(int status, TView view) =>
        new(status, JsonSerializer.SerializeToUtf8Bytes(view, ApiJson.Options));

    public static Answer Of(ApiError error, HttpContext context) => new(error.Status, error.ToBody(context))
    {
        IsKept = IsFinal(error),
        RetryAfterSeconds = error.RetryAfterSeconds,
    };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/json; charset=utf-8";
        if (IsReplay)
        {
            response.Headers[ReplayedHeader] = "true";
        }

        if (RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        await response.Body.WriteAsync(Body, httpContext.RequestAborted);
    }

    /// <summary>
    /// An error that a repetition can't change. A code that another payment holds may become free, a key's day passes.
    /// </summary>
    private static bool IsFinal(ApiError error) =>
        error.Status is StatusCodes.Status404NotFound
            or StatusCodes.Status409Conflict
            or StatusCodes.Status422UnprocessableEntity
        && error.Code != PaymentErrors.Duplicate.Code
        && error.Code != PaymentErrors.KeyDailyLimit(Kopecks.Zero).Code;
}
