using System.Net;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Clients;

/// <summary>
/// Reads what a service of ours answers. What it says of the request is passed on in its own words; what it says of our
/// token or of itself is not the asker's, and is 503.
/// </summary>
internal static partial class ServiceAnswers
{
    /// <summary>The statuses by which a service speaks of what an operator asked for.</summary>
    public static IReadOnlySet<HttpStatusCode> AboutAnObject { get; } = new HashSet<HttpStatusCode>
    {
        HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.Conflict, HttpStatusCode.UnprocessableContent,
        HttpStatusCode.ServiceUnavailable,
    };

    /// <summary>The body of a 200.</summary>
    /// <param name="response">The service's answer.</param>
    /// <param name="service">Its name, for the log.</param>
    /// <param name="aboutTheRequest">The statuses whose envelope is passed on.</param>
    /// <param name="logger">Is told of all that is neither 200 nor such a refusal.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="RejectedException">The service's refusal, or 503.</exception>
    public static async Task<byte[]> ReadAsync(
        this HttpResponseMessage response, string service, IReadOnlySet<HttpStatusCode> aboutTheRequest, ILogger logger,
        CancellationToken cancellationToken)
    {
        var (status, body) = (response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        if (status == HttpStatusCode.OK)
        {
            return body;
        }

        if (aboutTheRequest.Contains(status) && RefusalOf(status, body) is { } refusal)
        {
            throw new RejectedException(refusal);
        }

        LogFailed(logger, service, (int)status);
        throw new RejectedException(CommonErrors.Unavailable);
    }

    /// <summary>The refusal in the envelope, or null if there is none.</summary>
    private static ApiError? RefusalOf(HttpStatusCode status, byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize<Refusal>(body, JsonSerializerOptions.Web) is { Error: { } error }
                ? new ApiError(error.Code, (int)status, error.Message) { Details = error.Details }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Refusal(RefusalBody? Error);

    private sealed record RefusalBody(string Code, string Message, JsonElement? Details);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Service} answered {Status}, and not with a refusal that can be passed on")]
    private static partial void LogFailed(ILogger logger, string service, int status);
}
