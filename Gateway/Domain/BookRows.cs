namespace ArdorQr.Gateway.Domain;

/// <summary>A row of a book with an id of its own, by which books are laid side by side.</summary>
internal interface IBookRow
{
    Guid Id { get; }
}

/// <summary>A deposit as Deposits has it; amounts in kopecks, null until it was confirmed to Ledger.</summary>
internal sealed record DepositRow(
    Guid Id, Guid MerchantId, string Mode, string Status, long? AmountMinor, long? FeeMinor, Guid? OperationId,
    Guid? DetectedEventId, Guid? CreditedEventId, DateTimeOffset ChangedAt) : IBookRow;

/// <summary>A deposit as Ledger posted it; amounts in kopecks.</summary>
internal sealed record PostingRow(
    Guid Id, Guid SourceId, Guid MerchantId, string Mode, long AmountMinor, long FeeMinor, Guid OperationId,
    DateTimeOffset ChangedAt) : IBookRow;

/// <summary>A debited payment as Payments has it, under its debit's id.</summary>
internal sealed record PaymentRow(
    Guid Id, Guid PaymentId, Guid MerchantId, string Mode, string Status, long TotalMinor, Guid? OperationId,
    Guid? ProcessingEventId, Guid? CompletedEventId, Guid? FailedEventId, DateTimeOffset ChangedAt) : IBookRow;

/// <summary>A debit as Ledger posted it, with the transfer that closed it.</summary>
internal sealed record DebitRow(
    Guid Id, Guid PaymentId, Guid MerchantId, string Mode, long TotalMinor, Guid OperationId, string? Closing,
    Guid? ClosingId, long? ClosingTotalMinor, DateTimeOffset ChangedAt) : IBookRow;

/// <summary>An event as Webhooks has it; the object's id is null once the body is forgotten.</summary>
internal sealed record EventRow(Guid Id, Guid MerchantId, string Mode, string Type, Guid? ObjectId) : IBookRow;

/// <summary>A payment, debited or not, as it is found by its own id, with the events that were made of it.</summary>
internal sealed record FoundPayment(
    Guid PaymentId, Guid? ProcessingEventId, Guid? CompletedEventId, Guid? FailedEventId);

/// <summary>Where Payments and the rail differ; amounts in kopecks.</summary>
internal sealed record StatementFault(
    Guid PaymentId, string Kind, Guid? MerchantId, string? Status, long? AmountMinor, string? RailStatus,
    long? RailAmountMinor, DateTimeOffset? ChangedAt);

/// <summary>Lays two books side by side.</summary>
internal static class BookMerge
{
    /// <summary>Each id once, in order, with the row of either book or of both.</summary>
    /// <param name="left">In the order of its ids, each once.</param>
    /// <param name="right">The same.</param>
    public static async IAsyncEnumerable<(TLeft? Left, TRight? Right)> JoinAsync<TLeft, TRight>(
        IAsyncEnumerable<TLeft> left, IAsyncEnumerable<TRight> right)
        where TLeft : class, IBookRow
        where TRight : class, IBookRow
    {
        await using var lefts = left.GetAsyncEnumerator();
        await using var rights = right.GetAsyncEnumerator();
        var (hasLeft, hasRight) = (await lefts.MoveNextAsync(), await rights.MoveNextAsync());
        while (hasLeft || hasRight)
        {
            var order = !hasLeft ? 1 : !hasRight ? -1 : lefts.Current.Id.CompareTo(rights.Current.Id);
            yield return (order <= 0 ? lefts.Current : null, order >= 0 ? rights.Current : null);
            hasLeft = order <= 0 ? await lefts.MoveNextAsync() : hasLeft;
            hasRight = order >= 0 ? await rights.MoveNextAsync() : hasRight;
        }
    }
}
