namespace ArdorQr.ServiceDefaults.Errors;

/// <summary>
/// Ends a request with an <see cref="ApiError"/> from a place that can't return one, such as the reading of a body.
/// Rules return their outcomes as values instead.
/// </summary>
public sealed class RejectedException(ApiError error) : Exception(error.Code)
{
    public ApiError Error { get; } = error;
}
