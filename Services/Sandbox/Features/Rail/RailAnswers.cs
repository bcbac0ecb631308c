using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>The rail's answers: a transfer's status, or an error in a few English words.</summary>
internal static class RailAnswers
{
    internal sealed record Transfer(Guid Id, string Status, string? Reason, Kopecks? AmountMinor);

    internal sealed record StatementLine(Guid Id, string Status, string? Reason, Kopecks? AmountMinor, string? Qr);

    public static JsonHttpResult<Transfer> Of(RailTransferRow row) =>
        TypedResults.Json(View(row), ApiJson.Options);

    public static Transfer View(RailTransferRow row) =>
        new(row.TransferId, row.Current.Status, row.Current.Reason, row.AmountKopecks);

    /// <summary>In a statement each transfer names its code.</summary>
    public static StatementLine Line(RailTransferRow row) =>
        new(row.TransferId, row.Current.Status, row.Current.Reason, row.AmountKopecks, row.Qr);

    public static JsonHttpResult<object> Error(int status, string error) => TypedResults.Json<object>(new { error }, statusCode: status);
}
