using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.ServiceDefaults.Errors;

/// <summary>Turns an <see cref="ApiError"/> into an answer in the contract's envelope.</summary>
public static class ErrorAnswers
{
    /// <summary>The error as an endpoint's result.</summary>
    public static IResult ToResult(this ApiError error) => new ErrorResult(error);

    /// <summary>The envelope's bytes for this request: what is stored when an answer is kept for replays.</summary>
    public static byte[] ToBody(this ApiError error, HttpContext context) => error.ToBody(RequestId.Of(context));

    /// <summary>The envelope's bytes for a request of this id.</summary>
    public static byte[] ToBody(this ApiError error, string requestId) =>
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new ErrorEnvelope(new ErrorBody(error.Code, error.Message, requestId, error.Details)), ApiJson.Options);

    /// <summary>Writes status, headers and envelope; the response must not have started.</summary>
    public static async Task WriteAsync(this ApiError error, HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = null;
        if (error.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        if (error.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await response.Body.WriteAsync(error.ToBody(context), context.RequestAborted);
    }

    private sealed class ErrorResult(ApiError error) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => error.WriteAsync(httpContext);
    }
}
