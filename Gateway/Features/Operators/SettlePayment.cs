using System.Text;
using System.Text.Json;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/payments/{id}/settle: ends a payment in review, under the rules of Payments; with a second operator's
/// word where that is asked for.
/// </summary>
internal sealed class SettlePayment(
    ServiceDatabase database, PaymentsClient payments, AuditLog audit, TimeProvider time, IOptions<OperatorOptions> options)
{
    public async Task<IResult> HandleAsync(HttpContext context, Guid paymentId, CancellationToken cancellationToken)
    {
        var body = await JsonBody.ReadBytesAsync(context, cancellationToken);
        var reason = ReasonIn(body);
        if (!options.Value.SecondOperator)
        {
            return await ExecuteAsync(context, paymentId, body, reason, cancellationToken);
        }

        // Judged now, not when the second operator says yes.
        var request = JsonBody.Parse<Request>(body) ?? throw new RejectedException(CommonErrors.BadJson);
        if (request.Outcome is not ("completed" or "failed"))
        {
            return CommonErrors.ValidationFailed("outcome", "Поле «outcome» — completed или failed.").ToResult();
        }

        return await RequestAsync(context, paymentId, body, Reason.Required(reason), cancellationToken);
    }

    /// <summary>Settles it for good; Payments judges, and repeats its answer to a repetition.</summary>
    public async Task<IResult> ExecuteAsync(
        HttpContext context, Guid paymentId, byte[] body, string? reason, CancellationToken cancellationToken)
    {
        var settled = await audit.RunAsync(
            context, new AuditEntry(ApprovalRow.Settle, $"{paymentId}", null, reason),
            _ => payments.SettleAsync(paymentId, body, cancellationToken), cancellationToken,
            before: _ => new { status = "confirming", review = true });
        return Results.Text(settled, "application/json; charset=utf-8");
    }

    private async Task<IResult> RequestAsync(
        HttpContext context, Guid paymentId, byte[] body, string reason, CancellationToken cancellationToken)
    {
        var @operator = OperatorIdentity.Of(context).Name;
        await using var transaction = await database.BeginAsync(cancellationToken);
        var wanted = new ApprovalRow
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            Action = ApprovalRow.Settle,
            SubjectId = paymentId,
            Body = Encoding.UTF8.GetString(body),
            Reason = reason,
            RequestedBy = @operator,
        };
        var approval = await Approvals.RequestAsync(transaction, wanted, options.Value.ApprovalHours, cancellationToken);
        if (approval.Id == wanted.Id)
        {
            await audit.AddAsync(
                transaction, context, @operator,
                new AuditEntry($"{ApprovalRow.Settle}.request", $"{paymentId}", null, reason, null, ApprovalView.Of(approval)),
                cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return ApprovalAnswer.Of(approval);
    }

    private static string? ReasonIn(byte[] body)
    {
        try
        {
            return body.Length > 0 && JsonSerializer.Deserialize<JsonElement>(body) is { ValueKind: JsonValueKind.Object } json
                && json.TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String
                    ? reason.GetString()
                    : null;
        }
        catch (JsonException)
        {
            return null; // Payments says what is wrong with it.
        }
    }

    private sealed record Request
    {
        public required string Outcome { get; init; }

        public required string Reason { get; init; }

        public string? FailureReason { get; init; }
    }
}

/// <summary>The route of <see cref="SettlePayment"/>.</summary>
internal static class SettlePaymentRoute
{
    public static void MapSettlePayment(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/payments/{id}/settle", HandleAsync).WithName(nameof(SettlePayment)).Needs(OperatorRoles.Finance);

    private static Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] SettlePayment feature, CancellationToken cancellationToken) =>
        feature.HandleAsync(context, ListQuery.Id(id), cancellationToken);
}
