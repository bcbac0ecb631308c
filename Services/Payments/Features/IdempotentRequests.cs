using System.Diagnostics;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;
using Npgsql;

namespace ArdorQr.Payments.Features;

/// <summary>
/// Runs a request at most once per Idempotency-Key. The answer is kept in the transaction of the change itself, under a
/// token: a holder whose lease was taken over can't commit, so the work is never done twice.
/// </summary>
internal sealed partial class IdempotentRequests(
    ServiceDatabase database, PaymentSeals seals, TimeProvider time, IHostApplicationLifetime lifetime,
    ILogger<IdempotentRequests> logger)
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
        Entry entry;
        await using (var connection = await database.OpenAsync(cancellationToken))
        {
            entry = await EnterAsync(connection, context, operation, body, cancellationToken);
        }

        return entry switch
        {
            Entry.Admitted { Call: var call } => await RunAsync(call, work),
            Entry.Turned { Answer: var answer } => answer,
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>
    /// As <see cref="RunAsync(HttpContext, string, byte[], Func{IdempotentCall, Task{Answer}}, CancellationToken)"/>, for
    /// a request that begins with a change of its own: the key is reserved in that change's transaction.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="operation">Method and path.</param>
    /// <param name="body">The request's body.</param>
    /// <param name="begin">
    /// Takes its locks, then reserves, then changes: in this order whoever holds the key waits for nobody behind it.
    /// </param>
    /// <param name="cancellationToken">The caller's token.</param>
    public async Task<Answer> RunAsync(
        HttpContext context, string operation, byte[] body,
        Func<ServiceTransaction, Func<Task<Entry>>, Task<Beginning>> begin, CancellationToken cancellationToken)
    {
        IdempotentCall? call = null;
        Beginning beginning;
        await using (var transaction = await database.BeginAsync(cancellationToken))
        {
            beginning = await begin(transaction, async () =>
            {
                var entry = await EnterAsync(transaction.Connection, context, operation, body, cancellationToken);
                call = (entry as Entry.Admitted)?.Call;
                return entry;
            });
            if (call is null || beginning is Beginning.Ended { Answer.IsKept: false })
            {
                return ((Beginning.Ended)beginning).Answer; // Rolled back, the reservation too.
            }

            if (beginning is Beginning.Ended { Answer: var kept } && !call.IsKept)
            {
                await call.KeepAsync(transaction, kept, cancellationToken);
            }

            await transaction.CommitAsync(lifetime.ApplicationStopped);
        }

        return beginning switch
        {
            Beginning.Ended { Answer: var answer } => answer,
            Beginning.GoesOn { Work: var work } => await RunAsync(call, _ => work()),
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>The request with this key, or what is answered in its place.</summary>
    private async Task<Entry> EnterAsync(
        NpgsqlConnection connection, HttpContext context, string operation, byte[] body,
        CancellationToken cancellationToken)
    {
        var payment = Guid.CreateVersion7(time.GetUtcNow());
        if (KeyOf(context.Request) is not { } key)
        {
            return new Entry.Admitted(new IdempotentCall(context, seals, payment, null, default));
        }

        var caller = CallerIdentity.Of(context.User);
        var scope = new IdempotencyScope(caller.MerchantId, caller.Mode, operation, key);
        return await IdempotencyTable.ReserveAsync(
            connection, seals, scope, CanonicalJson.Hash(body), Guid.CreateVersion7(time.GetUtcNow()), payment,
            cancellationToken) switch
        {
            Reservation.Held held => new Entry.Admitted(
                new IdempotentCall(context, seals, held.PaymentId, scope, held.Token)),
            Reservation.Saved saved => new Entry.Turned(new Answer(saved.Status, saved.Body) { IsReplay = true }),
            Reservation.OtherBody => new Entry.Turned(Answer.Of(PaymentErrors.IdempotencyKeyReused, context)),
            Reservation.Running running => new Entry.Turned(
                Answer.Of(PaymentErrors.IdempotencyInProgress(running.RetryAfterSeconds), context)),
            _ => throw new UnreachableException(),
        };
    }

    private async Task<Answer> RunAsync(IdempotentCall call, Func<IdempotentCall, Task<Answer>> work)
    {
        var finish = lifetime.ApplicationStopped; // The key must not stay taken because the caller went away.
        try
        {
            var answer = await work(call);
            if (answer.IsKept && !call.IsKept && call.Scope is not null)
            {
                await using var transaction = await database.BeginAsync(finish);
                await call.KeepAsync(transaction, answer, finish);
                await transaction.CommitAsync(finish);
            }

            return answer;
        }
        finally
        {
            if (!call.IsKept && call.Scope is not null)
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
