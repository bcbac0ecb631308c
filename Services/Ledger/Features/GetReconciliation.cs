using ArdorQr.Ledger.Database;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// GET /internal/reconciliation: audits what is new and the next piece of the history, and answers with Ledger's part of
/// the reconciliation.
/// </summary>
internal static class GetReconciliation
{
    public const string Scope = "ledger:reconcile";

    /// <summary>For another replica's run; then its findings are answered.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="Checks">Each check with what it expects and what it found.</param>
    internal sealed record Response(IReadOnlyList<AuditCheck> Checks);

    public static void MapGetReconciliation(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/reconciliation", HandleAsync).WithName(nameof(GetReconciliation));

    private static async Task<IResult> HandleAsync(
        [FromServices] AuditBooks audit, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Response((await audit.RunAsync(Patience, cancellationToken)).Checks));
}
