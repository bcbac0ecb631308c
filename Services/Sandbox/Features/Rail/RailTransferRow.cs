using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>A row of <c>sandbox.rail_transfer</c>, with the database's time of reading.</summary>
internal record RailTransferRow
{
    public const string Columns =
        "transfer_id, code_key, amount_kopecks, first_seen_at, cancelled_at, settled_status, settled_reason, request ->> 'qr' AS qr, clock_timestamp() AS read_at";

    public Guid TransferId { get; init; }
    public string? CodeKey { get; init; }
    public Kopecks? AmountKopecks { get; init; }
    public DateTimeOffset? FirstSeenAt { get; init; }
    public DateTimeOffset? CancelledAt { get; init; }
    public string? SettledStatus { get; init; }
    public string? SettledReason { get; init; }
    public string? Qr { get; init; }
    public DateTimeOffset ReadAt { get; init; }

    /// <summary>The status at the time of reading.</summary>
    public RailStatus Current => this switch
    {
        { CancelledAt: not null } => RailStatus.Cancelled,
        { SettledStatus: { } status } => new RailStatus(status, SettledReason),
        _ => RailOutcome.StatusAt(RailOutcome.EndingOf(AmountKopecks!.Value), ReadAt - FirstSeenAt!.Value),
    };
}
