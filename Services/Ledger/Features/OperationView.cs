using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Features;

/// <summary>An operation as its merchant sees it.</summary>
/// <param name="Id">The entry's id.</param>
/// <param name="Type">deposit, payment, refund or adjustment.</param>
/// <param name="AmountMinor">Signed, kopecks.</param>
/// <param name="BalanceAfterMinor">The balance right after it, kopecks.</param>
/// <param name="Currency">RUB.</param>
/// <param name="SourceId">The deposit, the payment or the adjustment.</param>
/// <param name="Description">For people, in Russian.</param>
/// <param name="CreatedAt">Strictly increasing within a wallet, to the microsecond.</param>
/// <param name="Sequence">1 and up within a wallet, without a gap.</param>
/// <param name="Hash">The operation's link of the wallet's chain (<see cref="OperationChain"/>), hexadecimal.</param>
/// <param name="PreviousHash">The link before; zeros before the first.</param>
internal sealed record OperationView(
    Guid Id, string Type, long AmountMinor, long BalanceAfterMinor, string Currency, Guid SourceId,
    string Description, DateTimeOffset CreatedAt, long Sequence, string Hash, string PreviousHash);

/// <summary>An entry of a wallet with its transfer's facts, as the database gives them.</summary>
internal sealed record OperationRow
{
    public const string Columns =
        """
        entry.operation_id, transfer.kind, entry.amount_kopecks, entry.balance_after_kopecks, transfer.source_id,
        transfer.description, entry.created_at, entry.sequence, entry.hash, entry.previous_hash
        """;

    public Guid OperationId { get; init; }
    public TransferKind Kind { get; init; }
    public Kopecks AmountKopecks { get; init; }
    public Kopecks BalanceAfterKopecks { get; init; }
    public Guid SourceId { get; init; }
    public string Description { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
    public long Sequence { get; init; }
    public byte[] Hash { get; init; } = [];
    public byte[] PreviousHash { get; init; } = [];

    public OperationView ToView() => new(
        OperationId, Codes.OperationTypeOf(Kind), AmountKopecks.Value, BalanceAfterKopecks.Value, "RUB", SourceId,
        Description, CreatedAt, Sequence, Convert.ToHexStringLower(Hash), Convert.ToHexStringLower(PreviousHash));
}
