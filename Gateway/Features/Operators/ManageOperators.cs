using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET and POST /operator/operators, DELETE /operator/operators/{id}: who may operate. A token is shown once, at the
/// operator's making; from a removal's commit on it opens nothing.
/// </summary>
internal static partial class ManageOperators
{
    private const int MaxOperators = 1_000;

    private sealed record Request
    {
        public required string Name { get; init; }

        public required IReadOnlyList<string> Roles { get; init; }
    }

    private sealed record ListResponse(IEnumerable<OperatorRow> Operators);

    private sealed record AddedResponse(Guid Id, string Name, IReadOnlyList<string> Roles, string Token, DateTimeOffset CreatedAt);

    public static void MapManageOperators(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/operator/operators", ListAsync).WithName("ListOperators");
        routes.MapPost("/operator/operators", AddAsync).WithName("AddOperator").Needs(OperatorRoles.Admin);
        routes.MapDelete("/operator/operators/{id}", RemoveAsync).WithName("RemoveOperator").Needs(OperatorRoles.Admin);
    }

    private static async Task<IResult> ListAsync(
        [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            "SELECT id, name, roles, created_at, disabled_at FROM gateway.operator ORDER BY created_at DESC LIMIT @limit";
        await using var connection = await database.OpenAsync(cancellationToken);
        return Results.Ok(new ListResponse(
            await connection.QueryAsync<OperatorRow>(sql, new { limit = MaxOperators }, cancellationToken)));
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        [FromServices] RandomNumberGenerator random, [FromServices] TimeProvider time,
        [FromServices] IOptions<OperatorOptions> options, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO gateway.operator (id, name, token_hash, roles) VALUES (@id, @name, @hash, @roles)
            ON CONFLICT (name) DO NOTHING
            RETURNING id, name, roles, created_at, disabled_at
            """;
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (request.Name is null || !Name().IsMatch(request.Name))
        {
            return CommonErrors.ValidationFailed(
                "name", "Поле «name» — от 1 до 64 строчных латинских букв, цифр, точек, дефисов и подчёркиваний.").ToResult();
        }

        if (request.Roles is null or { Count: 0 } || request.Roles.Except(OperatorRoles.All).Any())
        {
            return CommonErrors.ValidationFailed(
                "roles", $"Поле «roles» — непустой список из {string.Join(", ", OperatorRoles.All)}.").ToResult();
        }

        var token = OperatorTable.NewToken(random);
        await using var transaction = await database.BeginAsync(cancellationToken);
        var added = request.Name == options.Value.Name
            ? null
            : await transaction.QuerySingleOrDefaultAsync<OperatorRow>(
                sql,
                new
                {
                    id = Guid.CreateVersion7(time.GetUtcNow()), name = request.Name, hash = OperatorTable.HashOf(token),
                    roles = request.Roles.Distinct().ToArray(),
                },
                cancellationToken);
        if (added is null)
        {
            return GatewayErrors.OperatorNameTaken.ToResult();
        }

        await audit.AddAsync(
            transaction, context, OperatorIdentity.Of(context).Name,
            new AuditEntry("operator.add", added.Name, After: added), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Json(
            new AddedResponse(added.Id, added.Name, added.Roles, token, added.CreatedAt),
            statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> RemoveAsync(
        string id, HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE gateway.operator SET disabled_at = clock_timestamp() WHERE id = @id AND disabled_at IS NULL
            RETURNING id, name, roles, created_at, disabled_at
            """;
        const string readSql = "SELECT id, name, roles, created_at, disabled_at FROM gateway.operator WHERE id = @id";
        var operatorId = ListQuery.Id(id);
        var reason = Reason.OfQuery(context);
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await transaction.QuerySingleOrDefaultAsync<OperatorRow>(sql, new { id = operatorId }, cancellationToken) is { } removed)
        {
            await audit.AddAsync(
                transaction, context, OperatorIdentity.Of(context).Name,
                new AuditEntry(
                    "operator.remove", removed.Name, Reason: reason, Before: new { removed.Roles, disabledAt = (string?)null },
                    After: new { removed.Roles, removed.DisabledAt }),
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return Results.Ok(removed);
        }

        return await transaction.QuerySingleOrDefaultAsync<OperatorRow>(readSql, new { id = operatorId }, cancellationToken)
            is { } gone ? Results.Ok(gone) : CommonErrors.NotFound.ToResult();
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,63}$")]
    private static partial Regex Name();
}
