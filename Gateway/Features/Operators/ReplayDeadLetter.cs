using System.Text.Json;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/dead-letters and POST /operator/dead-letters/{id}/replay: what no consumer could take, and once more to
/// its consumer. Consumers are idempotent: a replay too many does nothing.
/// </summary>
internal static class ReplayDeadLetter
{
    private sealed record Response(IEnumerable<DeadLetterView> DeadLetters);

    /// <param name="Message">The message's JSON; null when it is none.</param>
    private sealed record DeadLetterView(
        Guid Id, string Queue, string MessageId, string MessageType, string Reason, JsonElement? Message,
        DateTimeOffset? FailedAt, DateTimeOffset KeptAt, DateTimeOffset? ReplayedAt, string? ReplayedBy)
    {
        public static DeadLetterView Of(DeadLetterRow row) => new(
            row.Id, row.Queue, row.MessageId, row.MessageType, row.Reason, MessageIn(row.Body), row.FailedAt, row.KeptAt,
            row.ReplayedAt, row.ReplayedBy);

        private static JsonElement? MessageIn(byte[] body)
        {
            try
            {
                var json = JsonSerializer.Deserialize<JsonElement>(body);
                return json.ValueKind == JsonValueKind.Object && json.TryGetProperty("message", out var message) ? message : json;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/operator/dead-letters", ListAsync).WithName("ListDeadLetters");
        routes.MapPost("/operator/dead-letters/{id}/replay", ReplayAsync)
            .WithName(nameof(ReplayDeadLetter)).Needs(OperatorRoles.Support);
    }

    private static async Task<IResult> ListAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, [FromServices] DeadLetterQueues queues,
        CancellationToken cancellationToken)
    {
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        await queues.DrainAsync(cancellationToken);
        var letters = await DeadLetters.ListAsync(database, limit, before, cancellationToken);
        return Results.Ok(new Response(letters.Select(DeadLetterView.Of)));
    }

    private static async Task<IResult> ReplayAsync(
        string id, HttpContext context, [FromServices] ServiceDatabase database, [FromServices] DeadLetterQueues queues,
        [FromServices] AuditLog audit, CancellationToken cancellationToken)
    {
        var letterId = ListQuery.Id(id);
        var reason = await Reason.OptionalAsync(context, cancellationToken);
        var @operator = OperatorIdentity.Of(context).Name;
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await DeadLetters.LockAsync(transaction, letterId, cancellationToken) is not { } letter)
        {
            return CommonErrors.NotFound.ToResult();
        }

        if (letter.ReplayedAt is not null)
        {
            return Results.Ok(DeadLetterView.Of(letter));
        }

        // Before the commit: a crash in between replays it twice, which is harmless; never would not be.
        await queues.ReplayAsync(letter, cancellationToken);
        var replayed = await DeadLetters.ReplayedAsync(transaction, letterId, @operator, cancellationToken);
        await audit.AddAsync(
            transaction, context, @operator,
            new AuditEntry(
                "dead-letter.replay", $"{letterId}", null, reason, new { letter.Queue, letter.MessageId, replayedAt = (string?)null },
                new { replayed.Queue, replayed.MessageId, replayed.ReplayedAt }),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok(DeadLetterView.Of(replayed));
    }
}
