using System.Net.Sockets;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Errors;

/// <summary>
/// The outermost middleware: every failure leaves in the contract's envelope, every answer carries its
/// <c>X-Request-Id</c>, and no exception's text reaches a client.
/// </summary>
internal sealed partial class ErrorEnvelopeMiddleware(RequestDelegate next, ILogger<ErrorEnvelopeMiddleware> logger)
{
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(static state =>
        {
            var http = (HttpContext)state;
            http.Response.Headers[RequestId.HeaderName] = RequestId.Of(http);
            return Task.CompletedTask;
        }, context);

        try
        {
            await next(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                context.Response.StatusCode = ClientClosedRequest;
                return;
            }

            var error = ErrorOf(exception);
            if (error == CommonErrors.Unavailable)
            {
                // An outage is no defect of this request: its stack trace at each request would only bury others.
                LogUnavailable(context.Request.Method, context.Request.Path, exception.GetBaseException().Message);
            }
            else if (error.Status >= StatusCodes.Status500InternalServerError)
            {
                LogFailed(context.Request.Method, context.Request.Path, error.Code, exception);
            }

            context.Response.Headers.Clear();
            await error.WriteAsync(context);
            return;
        }

        if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null })
        {
            await CommonErrors.OfStatus(context.Response.StatusCode).WriteAsync(context);
        }
    }

    private static ApiError ErrorOf(Exception exception) => exception switch
    {
        RejectedException rejected => rejected.Error,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => CommonErrors.BodyTooLarge,
        BadHttpRequestException bad => CommonErrors.OfStatus(bad.StatusCode),
        _ when Transient.Is(exception) => CommonErrors.Unavailable,
        _ => CommonErrors.Internal,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} can't be served now: {Reason}")]
    private partial void LogUnavailable(string method, string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed as {Code}")]
    private partial void LogFailed(string method, string path, string code, Exception exception);
}
