using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
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
    ServiceDatabase database, GroupCommit commits, PaymentSeals seals, TimeProvider time, IHostApplicationLifetime lifetime,
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
        var entry = KeyOf(context.Request) is { } key
            ? await commits.RunAsync(OrderOf(key), async (transaction, token) => new UnitEnd<Entry>(
                await ReserveAsync(transaction.Connection, context, operation, key, body, token), Commits: true), cancellationToken)
            : Unkeyed(context);
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
    /// <param name="payment">The payment that it changes.</param>
    /// <param name="isAlone">The change locks what other payments' requests lock too: it is in no group.</param>
    /// <param name="begin">
    /// Takes its locks, then reserves, then changes: in this order whoever holds the key waits for nobody behind it.
    /// </param>
    /// <param name="cancellationToken">The caller's token.</param>
    public async Task<Answer> RunAsync(
        HttpContext context, string operation, byte[] body, Guid payment, bool isAlone,
        Func<ServiceTransaction, Func<Task<Entry>>, CancellationToken, Task<Beginning>> begin,
        CancellationToken cancellationToken)
    {
        var (call, beginning) = await (isAlone
            ? commits.RunAloneAsync(BeginAsync, cancellationToken)
            : commits.RunAsync(payment, BeginAsync, cancellationToken));
        return beginning switch
        {
            Beginning.Ended { Answer: var answer } => answer,
            Beginning.GoesOn { Work: var work } => await RunAsync(call!, _ => work()),
            _ => throw new UnreachableException(),
        };

        async Task<UnitEnd<(IdempotentCall? Call, Beginning Beginning)>> BeginAsync(
            ServiceTransaction transaction, CancellationToken token)
        {
            IdempotentCall? admitted = null;
            var begun = await begin(transaction, async () =>
            {
                var entry = KeyOf(context.Request) is { } key
                    ? await ReserveAsync(transaction.Connection, context, operation, key, body, token)
                    : Unkeyed(context);
                admitted = (entry as Entry.Admitted)?.Call;
                return entry;
            }, token);
            var isKept = begun is not Beginning.Ended { Answer.IsKept: false };
            if (admitted is not null && isKept && begun is Beginning.Ended { Answer: var kept })
            {
                await admitted.KeepAsync(transaction, kept, token);
            }

            // An answer that isn't kept takes the reservation back; who was turned away has reserved nothing.
            return new UnitEnd<(IdempotentCall?, Beginning)>((admitted, begun), Commits: admitted is null || isKept);
        }
    }

    /// <summary>The request with this key, or what is answered in its place.</summary>
    private async Task<Entry> ReserveAsync(
        NpgsqlConnection connection, HttpContext context, string operation, string key, byte[] body,
        CancellationToken cancellationToken)
    {
        var payment = Guid.CreateVersion7(time.GetUtcNow());
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

    /// <summary>A request without a key has nothing to reserve.</summary>
    private Entry.Admitted Unkeyed(HttpContext context) =>
        new(new IdempotentCall(context, seals, Guid.CreateVersion7(time.GetUtcNow()), null, default));

    private async Task<Answer> RunAsync(IdempotentCall call, Func<IdempotentCall, Task<Answer>> work)
    {
        var finish = lifetime.ApplicationStopped; // The key must not stay taken because the caller went away.
        try
        {
            var answer = await work(call);
            if (answer.IsKept && !call.IsKept && call.Scope is not null)
            {
                await commits.RunAsync(
                    call.PaymentId, async (transaction, token) => new UnitEnd<Answer>(
                        await call.KeepAsync(transaction, answer, token), Commits: true), finish);
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

    /// <summary>The same for the same key, which is what requests may have in common before there is a payment.</summary>
    private static Guid OrderOf(string key) => new(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));

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
