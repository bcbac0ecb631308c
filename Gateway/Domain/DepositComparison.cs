namespace ArdorQr.Gateway.Domain;

/// <summary>Holds Deposits' book against Ledger's: each credited deposit has one posting of its amount, and the reverse.</summary>
internal static class DepositComparison
{
    public const string WithoutPosting = "deposit_without_posting";
    public const string WithoutDeposit = "posting_without_deposit";
    public const string Differs = "deposit_posting_differs";
    public const string NotCredited = "posted_deposit_not_credited";
    public const string PostedAgain = "deposit_posted_again";

    private const string Credited = "credited";

    /// <summary>What is wrong between the two, or null; what changed after <paramref name="until"/> is in flight.</summary>
    public static Discrepancy? Of(DepositRow? deposit, PostingRow? posting, DateTimeOffset until)
    {
        if (deposit?.ChangedAt > until || posting?.ChangedAt > until)
        {
            return null;
        }

        return KindOf(deposit, posting) is { } kind
            ? new Discrepancy(
                kind,
                Discrepancy.IdsOf(
                    ("depositId", deposit?.Id ?? posting!.SourceId), ("transferId", posting?.Id),
                    ("operationId", deposit?.OperationId ?? posting?.OperationId)),
                new BookSide("deposits", deposit?.Status, deposit?.AmountMinor),
                new BookSide("ledger", posting is null ? null : "posted", posting?.AmountMinor))
            {
                Mode = deposit?.Mode ?? posting!.Mode,
                MerchantId = deposit?.MerchantId ?? posting!.MerchantId,
            }
            : null;
    }

    private static string? KindOf(DepositRow? deposit, PostingRow? posting) => (deposit, posting) switch
    {
        (_, not null) when posting.Id != posting.SourceId => PostedAgain, // A posting's id is its deposit's.
        ({ AmountMinor: not null }, null) => WithoutPosting,
        (_, null) => null, // Not confirmed to Ledger: seen, held, too small or failed.
        (null, _) => WithoutDeposit,
        _ when (deposit.MerchantId, deposit.Mode, deposit.AmountMinor, deposit.FeeMinor)
            != (posting.MerchantId, posting.Mode, posting.AmountMinor, posting.FeeMinor) => Differs,
        ({ Status: not Credited }, _) => NotCredited,
        _ when deposit.OperationId != posting.OperationId => Differs,
        _ => null,
    };
}
