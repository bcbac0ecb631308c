using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Gateway.Tests;

public sealed class BookComparisonTests
{
    private static readonly DateTimeOffset Until = new(2026, 6, 19, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Settled = Until.AddMinutes(-1);
    private static readonly Guid Id = BookQuery.FirstIdAt(Settled);
    private static readonly Guid Merchant = BookQuery.FirstIdAt(Settled.AddDays(-1));

    private static readonly DepositRow Deposit =
        new(Id, Merchant, "test", "credited", 985, 15, Merchant, null, null, Settled);

    private static readonly PostingRow Posting = new(Id, Id, Merchant, "test", 985, 15, Merchant, Settled);

    private static readonly PaymentRow Payment =
        new(Id, Merchant, Merchant, "test", "completed", 700, Id, null, null, null, Settled);

    private static readonly DebitRow Debit =
        new(Id, Merchant, Merchant, "test", 700, Id, "settlement", Merchant, 700, Settled);

    [Fact]
    public void What_agrees_is_no_discrepancy()
    {
        Assert.Null(DepositComparison.Of(Deposit, Posting, Until));
        Assert.Null(PaymentComparison.Of(Payment, Debit, Until));
        Assert.Null(DepositComparison.Of(Deposit with { Status = "pending", AmountMinor = null, OperationId = null }, null, Until));
    }

    [Fact]
    public void Each_difference_of_deposits_has_its_name_and_both_amounts()
    {
        AssertKind("deposit_without_posting", DepositComparison.Of(Deposit, null, Until), 985, null);
        AssertKind("posting_without_deposit", DepositComparison.Of(null, Posting, Until), null, 985);
        AssertKind("deposit_posting_differs", DepositComparison.Of(Deposit, Posting with { AmountMinor = 986 }, Until), 985, 986);
        AssertKind("deposit_posting_differs", DepositComparison.Of(Deposit, Posting with { OperationId = Id }, Until), 985, 985);
        AssertKind("posted_deposit_not_credited", DepositComparison.Of(Deposit with { Status = "pending" }, Posting, Until), 985, 985);
        AssertKind("deposit_posted_again", DepositComparison.Of(null, Posting with { SourceId = Merchant }, Until), null, 985);
    }

    [Theory]
    [InlineData("confirming", null, null)]
    [InlineData("completed", "settlement", null)]
    [InlineData("failed", "refund", null)]
    [InlineData("completed", null, "payment_without_settlement")]
    [InlineData("refunding", null, "payment_without_refund")]
    [InlineData("failed", null, "payment_without_refund")]
    [InlineData("completed", "refund", "payment_closed_otherwise")]
    [InlineData("failed", "settlement", "payment_closed_otherwise")]
    [InlineData("confirming", "settlement", "payment_closed_otherwise")]
    [InlineData("refunding", "refund", "payment_closed_otherwise")]
    public void Each_pair_of_states_of_a_payment_is_judged(string status, string? closing, string? kind)
    {
        var debit = Debit with { Closing = closing, ClosingTotalMinor = closing is null ? null : 700 };

        Assert.Equal(kind, PaymentComparison.Of(Payment with { Status = status }, debit, Until)?.Kind);
    }

    [Fact]
    public void Each_difference_of_payments_has_its_name_and_both_amounts()
    {
        AssertKind("payment_without_debit", PaymentComparison.Of(Payment, null, Until), 700, null);
        AssertKind("debit_without_payment", PaymentComparison.Of(null, Debit, Until), null, 700);
        AssertKind("payment_debit_differs", PaymentComparison.Of(Payment, Debit with { TotalMinor = 701, ClosingTotalMinor = 701 }, Until), 700, 701);
        AssertKind("payment_debit_differs", PaymentComparison.Of(Payment, Debit with { ClosingTotalMinor = 699 }, Until), 700, 699);
    }

    [Fact]
    public void What_changed_on_either_side_after_the_margin_is_in_flight()
    {
        var young = Until.AddTicks(1);

        Assert.Null(DepositComparison.Of(Deposit with { ChangedAt = young }, null, Until));
        Assert.Null(DepositComparison.Of(null, Posting with { ChangedAt = young }, Until));
        Assert.Null(PaymentComparison.Of(Payment with { ChangedAt = young }, Debit with { Closing = null }, Until));
        Assert.Null(PaymentComparison.Of(Payment with { Status = "confirming" }, Debit with { ChangedAt = young }, Until));
        Assert.NotNull(DepositComparison.Of(Deposit with { ChangedAt = Until }, null, Until));
    }

    [Fact]
    public async Task Two_books_are_laid_side_by_side_whatever_either_lacks()
    {
        int[] left = [1, 2, 4, 7], right = [2, 3, 4, 8, 9];

        var pairs = new List<string>();
        await foreach (var (deposit, posting) in BookMerge.JoinAsync(Deposits(left), Postings(right)))
        {
            pairs.Add($"{Of(deposit)}-{Of(posting)}");
        }

        Assert.Equal(["1-", "2-2", "-3", "4-4", "7-", "-8", "-9"], pairs);

        static string Of(IBookRow? row) => row is null ? "" : $"{BookQuery.TimeOf(row.Id).ToUnixTimeMilliseconds()}";
        static Guid At(int place) => BookQuery.FirstIdAt(DateTimeOffset.FromUnixTimeMilliseconds(place));
        static IAsyncEnumerable<DepositRow> Deposits(int[] places) =>
            places.Select(place => Deposit with { Id = At(place) }).ToAsyncEnumerable();
        static IAsyncEnumerable<PostingRow> Postings(int[] places) =>
            places.Select(place => Posting with { Id = At(place) }).ToAsyncEnumerable();
    }

    private static void AssertKind(string kind, Discrepancy? found, long? left, long? right)
    {
        Assert.Equal((kind, left, right), (found?.Kind, found?.Left.AmountMinor, found?.Right.AmountMinor));
        Assert.Equal(("test", Merchant), (found!.Mode, found.MerchantId));
        Assert.NotEmpty(found.Ids);
    }
}
