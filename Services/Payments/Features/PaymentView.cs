using System.Text.Json;
using System.Text.Json.Serialization;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features;

/// <summary>A payment as merchants see it: in answers, in lists and in the events' snapshots alike.</summary>
internal sealed record PaymentView(
    Guid Id,
    string Status,
    string? MerchantName,
    string? MerchantBank,
    Kopecks AmountMinor,
    Kopecks FeeMinor,
    Kopecks TotalMinor,
    string Currency,
    string? Reference,
    DateTimeOffset ExpiresAt,
    Guid? OperationId,
    string? FailureReason,
    PaymentView.QrView Qr,
    Mode Mode,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ConfirmedAt,
    DateTimeOffset? CompletedAt)
{
    private const string Roubles = "RUB";

    /// <param name="row">The payment.</param>
    /// <param name="details">Its own; without payee once they were erased.</param>
    public static PaymentView Of(PaymentRow row, PaymentDetails details) => new(
        row.PaymentId,
        row.State.PublicStatus(),
        details.PayeeName,
        details.PayeeBank,
        row.AmountKopecks,
        row.FeeKopecks,
        row.TotalKopecks,
        Roubles,
        row.Reference,
        row.ExpiresAt,
        row.OperationId,
        row.State == PaymentState.Failed ? row.FailureReason : null, // A reason is told once the money is back.
        new QrView(row.QrFormat, row.QrKind, row.QrWarnings),
        row.Mode,
        row.CreatedAt,
        row.ConfirmedAt,
        row.CompletedAt);

    /// <summary>What became of the payment; GET of one payment and the events tell it, lists and confirm don't.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TimelineView>? Timeline { get; init; }

    /// <summary>Whose it is; for operators only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? MerchantId { get; init; }

    /// <summary>Why a person must look; for operators only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReviewReason { get; init; }

    /// <summary>The payment as operators see it.</summary>
    public static PaymentView OfReview(PaymentRow row, PaymentDetails details) =>
        Of(row, details) with { MerchantId = row.MerchantId, ReviewReason = row.ReviewReason };

    /// <summary>The payment as GET shows it, with its timeline.</summary>
    public static PaymentView Of(PaymentRow row, PaymentDetails details, IReadOnlyList<TimelineRow> timeline) =>
        Of(row, details) with { Timeline = [.. timeline.Select(TimelineView.Of)] };

    /// <summary>For an event: what a GET answers once the transaction has committed.</summary>
    public static JsonElement Snapshot(ChangedPayment payment, PaymentSeals seals) =>
        ApiJson.Snapshot(Of(payment.Row, seals.DetailsOf(payment.Row), payment.Timeline));

    internal sealed record QrView(string Format, string? Kind, IReadOnlyList<string> Warnings);
}
