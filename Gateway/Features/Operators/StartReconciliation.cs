using System.Globalization;
using System.Text.Json.Nodes;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/reconciliation/runs: a run of the reconciliation across services now, in the background;
/// GET /operator/reconciliation/runs and /operator/reconciliation/runs/{id}: what runs there were, and what one found.
/// </summary>
internal static class StartReconciliation
{
    private const int MaxDays = 90;

    private sealed record Request(int? Days);

    private sealed record ListResponse(IEnumerable<ReconciliationView> Runs);

    /// <param name="Run">The run.</param>
    /// <param name="Discrepancies">A page of what it found, in the order of finding.</param>
    /// <param name="Next">What to give as <c>after</c> for the next page; null when this was the last.</param>
    private sealed record RunResponse(
        ReconciliationView Run, IReadOnlyList<JsonObject> Discrepancies, int? Next);

    public static void MapStartReconciliation(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/operator/reconciliation/runs", StartAsync)
            .WithName(nameof(StartReconciliation)).Needs(OperatorRoles.Support);
        routes.MapGet("/operator/reconciliation/runs", ListAsync).WithName("ListReconciliations");
        routes.MapGet("/operator/reconciliation/runs/{id}", ReadAsync).WithName("ReadReconciliation");
    }

    private static async Task<IResult> StartAsync(
        HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        [FromServices] IOptions<ReconciliationOptions> options, [FromServices] TimeProvider time,
        CancellationToken cancellationToken)
    {
        var days = (await JsonBody.ReadOptionalAsync<Request>(context, cancellationToken))?.Days ?? options.Value.LookbackDays;
        if (days is < 1 or > MaxDays)
        {
            throw new RejectedException(CommonErrors.ValidationFailed("days", $"Поле days — целое число от 1 до {MaxDays}."));
        }

        var (id, @operator) = (Guid.CreateVersion7(time.GetUtcNow()), OperatorIdentity.Of(context).Name);
        await using var transaction = await database.BeginAsync(cancellationToken);
        var run = ReconciliationView.Of(await ReconciliationRuns.RequestAsync(
            transaction, id, @operator, days, options.Value.MarginSeconds, cancellationToken));
        await audit.AddAsync(
            transaction, context, @operator, new AuditEntry("reconciliation.start", $"{id}", After: run), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Json(run, ApiJson.Options, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> ListAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        var runs = await ReconciliationRuns.ListAsync(database, limit, before, cancellationToken);
        return Results.Ok(new ListResponse(runs.Select(ReconciliationView.Of)));
    }

    private static async Task<IResult> ReadAsync(
        string id, HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        var (runId, limit, after) = (ListQuery.Id(id), ListQuery.Limit(request), After(request));
        if (await ReconciliationRuns.FindAsync(database, runId, cancellationToken) is not { } run)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var rows = await ReconciliationRuns.DiscrepanciesAsync(database, runId, after, limit, cancellationToken);
        return Results.Ok(new RunResponse(
            ReconciliationView.Of(run),
            [.. rows.Select(row => Numbered(row.Number, row.Details))],
            rows.Count == limit ? rows[^1].Number : null));
    }

    /// <summary>A discrepancy as it was stored, with the number that it has in its run.</summary>
    internal static JsonObject Numbered(int number, string details)
    {
        var discrepancy = JsonNode.Parse(details)!.AsObject();
        discrepancy.Insert(0, "number", number);
        return discrepancy;
    }

    private static int After(HttpRequest request) =>
        !request.Query.TryGetValue("after", out var values) ? 0
        : int.TryParse(values, NumberStyles.None, CultureInfo.InvariantCulture, out var after) ? after
        : throw new RejectedException(CommonErrors.ValidationFailed("after", "Параметр after — целое число от 0."));
}
