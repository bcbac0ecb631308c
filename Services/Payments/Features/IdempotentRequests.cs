using System.Diagnostics;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Payments.Features;

/// <summary>
/// Runs a request at most once per Idempotency-Key. The answer is kept in the transaction of the change itself, under a
/// token: a holder whose lease was taken over can't commit, so the work is never done twice.
/// </summary>
internal sealed partial class IdempotentRequests(
    ServiceDatabase database, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<IdempotentRequests> logger)
{
    private const string KeyHeader = "Idempotency-Key";
    private const int MaxKeyCharacters = 255;

    /// <summary>Answers from what is kept, or runs <paramref name="work"/>.</summary>
    /// <param name="context">The request.</param>
    /// <param name="operation">Method and path: the same key elsewhere is another one.</param>
    /// <param name="body">The request's body, already known to be JSON; none counts as an empty object.</param>
    /// <param name="work">The request. It keeps its answer with its change; one without a change is kept after.</param>
    /// <param name="cancellationToken">The caller's token.</param>
    public async Task<Answer> RunAsync(
        HttpContext context, string operation, byte[] body, Func<IdempotentCall, Task<Answer>> work,
        CancellationToken cancellationToken)
    {
        var payment = Guid.CreateVersion7(time.GetUtcNow());
        if (KeyOf(context.Request) is not { } key)
        {
            return await work(new IdempotentCall(context, payment, null, default));
        }

        var caller = CallerIdentity.Of(context.User);
        var scope = new IdempotencyScope(caller.MerchantId, caller.Mode, operation, key);
        return await ReserveAsync(scope, CanonicalJson.Hash(body), payment, cancellationToken) switch
        {
            Reservation.Held held => await RunAsync(
                new IdempotentCall(context, held.PaymentId, scope, held.Token), work),
            Reservation.Saved saved => new Answer(saved.Status, saved.Body) { IsReplay = true },
            Reservation.OtherBody => Answer.Of(PaymentErrors.IdempotencyKeyReused, context),
            Reservation.Running running => Answer.Of(
                PaymentErrors.IdempotencyInProgress(running.RetryAfterSeconds), context),
            _ => throw new UnreachableException(),
        };
    }

    private async Task<Reservation> ReserveAsync(
        IdempotencyScope scope, byte[] hash, Guid payment, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await IdempotencyTable.ReserveAsync(
            connection, scope, hash, Guid.CreateVersion7(time.GetUtcNow()), payment, cancellationToken);
    }

    private async Task<Answer> RunAsync(IdempotentCall call, Func<IdempotentCall, Task<Answer>> work)
    {
        var finish = lifetime.ApplicationStopped; // The key must not stay taken because the caller went away.
        try
        {
            var answer = await work(call);
            if (answer.IsKept && !call.IsKept)
            {
                await using var transaction = await database.BeginAsync(finish);
                await call.KeepAsync(transaction, answer, finish);
                await transaction.CommitAsync(finish);
            }

            return answer;
        }
        finally
        {
            if (!call.IsKept)
            {
                await TryReleaseAsync(call, finish);
            }
        }
    }

    private async Task TryReleaseAsync(IdempotentCall call, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            await IdempotencyTable.ReleaseAsync(connection, call.Scope!, call.Token, cancellationToken);
        }
        catch (Exception exception) when (Transient.Is(exception) || exception is OperationCanceledException)
        {
            LogNotReleased(exception); // The lease runs out, and the next try takes the key over.
        }
    }

    /// <exception cref="RejectedException">400 idempotency_key_invalid.</exception>
    private static string? KeyOf(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(KeyHeader, out var values))
        {
            return null;
        }

        return values.Count == 1 && values[0] is { Length: > 0 and <= MaxKeyCharacters } key
            && !string.IsNullOrWhiteSpace(key)
            ? key
            : throw new RejectedException(PaymentErrors.IdempotencyKeyInvalid);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A reservation of an idempotency key was not released; its lease will run out")]
    private partial void LogNotReleased(Exception exception);
}

/// <summary>One run of a request, with or without a key.</summary>
internal sealed class IdempotentCall(HttpContext context, Guid paymentId, IdempotencyScope? scope, Guid token)
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
        if (Scope is not null
            && !await IdempotencyTable.TrySaveAsync(
                transaction, Scope, Token, answer.Status, answer.Body, cancellationToken))
        {
            throw TakenOver();
        }

        IsKept = true;
        return answer;
    }

    private static RejectedException TakenOver() => new(PaymentErrors.IdempotencyInProgress(retryAfterSeconds: 1));
}
