using System.Text.Json.Serialization;

namespace ArdorQr.ServiceDefaults.Errors;

/// <summary>
/// An error that a client programs against: a stable code, an HTTP status, and a message for people (in Russian).
/// Services list theirs in one catalogue each.
/// </summary>
/// <param name="Code">Lower-case snake case; never changes its meaning.</param>
/// <param name="Status">The HTTP status, 400..599.</param>
/// <param name="Message">For people, in Russian; may change.</param>
public sealed record ApiError(string Code, int Status, string Message)
{
    /// <summary>Facts of this failure for programs; left out of the body when null.</summary>
    public object? Details { get; init; }

    /// <summary>Sent as <c>Retry-After</c>, in seconds, when not null.</summary>
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>The body of every failed answer: <c>{"error":{…}}</c>.</summary>
internal sealed record ErrorEnvelope(ErrorBody Error);

/// <summary>The insides of <see cref="ErrorEnvelope"/>.</summary>
internal sealed record ErrorBody(
    string Code,
    string Message,
    string RequestId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] object? Details);
