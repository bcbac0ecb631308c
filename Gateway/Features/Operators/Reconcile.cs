using System.Text.Json;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/reconciliation: every service's own checks side by side, that nothing lies dead in a queue, and what the
/// last run across all books has found.
/// </summary>
internal static class Reconcile
{
    /// <param name="Balanced">All checks are ok.</param>
    /// <param name="Checks">As they stand now.</param>
    /// <param name="LastRun">The run that ended last, whose findings are a check too; null when none has.</param>
    private sealed record Response(
        bool Balanced, IReadOnlyList<ReconciliationCheck> Checks, ReconciliationView? LastRun);

    public static void MapReconcile(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/reconciliation", HandleAsync).WithName(nameof(Reconcile));

    private static async Task<IResult> HandleAsync(
        [FromServices] ReconciliationClient services, [FromServices] ServiceDatabase database,
        [FromServices] DeadLetterQueues queues, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(ReconciliationClient.Services.Select(service => services.AskAsync(service, cancellationToken)));
        List<ReconciliationCheck> checks = [.. answers.SelectMany(answer => answer), await NoDeadLettersAsync(database, queues, cancellationToken)];
        var last = await ReconciliationRuns.LastAsync(database, cancellationToken);
        if (last is { Run: var run })
        {
            checks.Add(LastRun(run));
        }

        return Results.Ok(new Response(
            checks.All(check => check.Ok), checks, last is null ? null : ReconciliationView.Of(last.Value.Run)));
    }

    private static ReconciliationCheck LastRun(RunRow run)
    {
        var isOk = run is { State: RunRow.Done, Discrepancies: 0 };
        return new ReconciliationCheck(
            "last_run", isOk, JsonSerializer.SerializeToElement(0), JsonSerializer.SerializeToElement(run.Discrepancies),
            isOk ? null : JsonSerializer.SerializeToElement(
                run.Failure ?? $"GET /operator/reconciliation/runs/{run.Id}"));
    }

    private static async Task<ReconciliationCheck> NoDeadLettersAsync(
        ServiceDatabase database, DeadLetterQueues queues, CancellationToken cancellationToken)
    {
        string? trouble = null;
        try
        {
            await queues.DrainAsync(cancellationToken);
        }
        catch (Exception exception) when (Transient.Is(exception))
        {
            trouble = "The broker did not answer; these are the ones already known.";
        }

        var waiting = await DeadLetters.WaitingAsync(database, cancellationToken);
        return new ReconciliationCheck(
            "dead_letters", waiting == 0 && trouble is null, JsonSerializer.SerializeToElement(0),
            JsonSerializer.SerializeToElement(waiting),
            waiting > 0 || trouble is not null
                ? JsonSerializer.SerializeToElement(trouble ?? "GET /operator/dead-letters") : null);
    }
}
