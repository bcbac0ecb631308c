using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Payments.Features;

/// <summary>One run of a request, with or without a key.</summary>
internal sealed class IdempotentCall(
    HttpContext context, PaymentSeals seals, Guid paymentId, IdempotencyScope? scope, Guid token)
{
    /// <summary>The id of the payment that this request makes, if it makes one.</summary>
    public Guid PaymentId { get; } = paymentId;

    public IdempotencyScope? Scope { get; } = scope;

    public Guid Token { get; } = token;

    public bool IsKept { get; private set; }

    public Answer Of(ApiError error) => Answer.Of(error, context);

    /// <summary>
    /// Makes sure that no other holder changes anything meanwhile: before a change that can't be made twice.
    /// </summary>
    /// <exception cref="RejectedException">409: another holder runs this request now.</exception>
    public async Task EnsureHeldAsync(ServiceTransaction transaction, CancellationToken cancellationToken)
    {
        if (Scope is not null && !await IdempotencyTable.TryLockAsync(transaction, Scope, Token, cancellationToken))
        {
            throw TakenOver();
        }
    }

    /// <summary>Keeps the answer in the transaction of the change that it tells of.</summary>
    /// <exception cref="RejectedException">409: another holder runs this request now; roll the change back.</exception>
    public async Task<Answer> KeepAsync(
        ServiceTransaction transaction, Answer answer, CancellationToken cancellationToken)
    {
        IsKept = false; // The change may be made again, after a roll-back.
        if (Scope is not null
            && !await IdempotencyTable.TrySaveAsync(
                transaction, seals, Scope, Token, answer.Status, answer.Body, cancellationToken))
        {
            throw TakenOver();
        }

        IsKept = true;
        return answer;
    }

    private static RejectedException TakenOver() => new(PaymentErrors.IdempotencyInProgress(retryAfterSeconds: 1));
}

/// <summary>What an Idempotency-Key says to a request that comes with it.</summary>
internal abstract record Entry
{
    private Entry()
    {
    }

    /// <summary>It runs, under this key or without one.</summary>
    internal sealed record Admitted(IdempotentCall Call) : Entry;

    /// <summary>It doesn't run: this is its answer.</summary>
    internal sealed record Turned(Answer Answer) : Entry;
}

/// <summary>What the first transaction of a request comes to.</summary>
internal abstract record Beginning
{
    private Beginning()
    {
    }

    /// <summary>All is said. An answer that isn't kept rolls the transaction back.</summary>
    internal sealed record Ended(Answer Answer) : Beginning;

    /// <summary>The transaction is committed, and the work done after it.</summary>
    internal sealed record GoesOn(Func<Task<Answer>> Work) : Beginning;
}
