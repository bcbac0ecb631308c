using System.Text.Json;
using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// What another service does for an operator, where no transaction holds both it and its record: it is said before, so
/// that it is on record however it ends, and what it came to after.
/// </summary>
internal static class AuditedAction
{
    /// <summary>Does it and returns the service's JSON.</summary>
    /// <param name="audit">Keeps the records.</param>
    /// <param name="context">The operator's request.</param>
    /// <param name="wanted">The action with what is asked for in place of its outcome.</param>
    /// <param name="act">Does it, given the operator's name.</param>
    /// <param name="cancellationToken">Stops the records; what was begun may have been done.</param>
    /// <param name="before">How it was, by what it came to.</param>
    public static async Task<byte[]> RunAsync(
        this AuditLog audit, HttpContext context, AuditEntry wanted, Func<string, Task<byte[]>> act,
        CancellationToken cancellationToken, Func<JsonElement, object?>? before = null)
    {
        var @operator = OperatorIdentity.Of(context).Name;
        await audit.AddAsync(context, @operator, wanted with { Action = $"{wanted.Action}.begin" }, cancellationToken);
        var done = await act(@operator);
        var after = JsonSerializer.Deserialize<JsonElement>(done);
        await audit.AddAsync(
            context, @operator, wanted with { Before = before?.Invoke(after), After = after }, cancellationToken);
        return done;
    }
}
