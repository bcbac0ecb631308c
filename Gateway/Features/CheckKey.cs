using System.Diagnostics;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Stands before everything under <c>/v1</c>, known paths and unknown: without a valid key it is 401. What passes
/// carries its <see cref="KnownKey"/>.
/// </summary>
internal sealed partial class CheckKey(
    RequestDelegate next, KnownKeys keys, KeyUses uses, RateUses rates, IOptions<LimitOptions> limits, TimeProvider time,
    ILogger<CheckKey> logger)
{
    private const string Scheme = "Bearer";

    private readonly RateRule _rule = limits.Value.KeyRule;
    private readonly GuessGuard _guesses = new(limits.Value.FailedKeysRule, time);

    public Task InvokeAsync(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/v1") ? CheckAsync(context) : next(context);

    private async Task CheckAsync(HttpContext context) =>
        await GoOnAsync(context, await JudgeAsync(context, context.RequestAborted));

    private Task GoOnAsync(HttpContext context, Verdict verdict)
    {
        switch (verdict)
        {
            case Verdict.Refused { Error: var error }:
                return error.WriteAsync(context);
            case Verdict.Guessed { Error: var error }:
                _guesses.Failed(context.Connection.RemoteIpAddress);
                return error.WriteAsync(context);
            case Verdict.Waits { Seconds: var seconds }:
                return RateHeaders.WaitAsync(context, seconds);
            case Verdict.Passed { Key: var key }:
                return PassAsync(context, key);
            default:
                throw new UnreachableException();
        }
    }

    private Task PassAsync(HttpContext context, KnownKey key)
    {
        uses.Note(key.Caller.KeyId);
        var rate = rates.Take(key.Caller.KeyId);
        if (!rate.IsTaken)
        {
            return RateHeaders.RefuseAsync(context, rate, _rule);
        }

        context.Features.Set(key);
        context.Response.OnStarting(
            static state =>
            {
                var (http, verdict, rule) = ((HttpContext, SlidingCount.Verdict, RateRule))state;
                RateHeaders.Show(http, verdict, rule);
                return Task.CompletedTask;
            },
            (context, rate, _rule)); // At the start: a failure on the way clears what was set before.
        return next(context);
    }

    private async ValueTask<Verdict> JudgeAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var header = context.Request.Headers.Authorization;
        if (header is not [{ } value, ..] || !IsBearer(value))
        {
            return new Verdict.Refused(CommonErrors.Unauthorized);
        }

        var key = header.Count > 1 ? null : ApiKey.TryParse(value.AsSpan(Scheme.Length).Trim(' '));
        if (_guesses.WaitOf(context.Connection.RemoteIpAddress) is > 0 and var seconds
            && !(key is not null && keys.FindRemembered(key) is { } known && known.IsKey(key)))
        {
            return new Verdict.Waits(seconds); // A key in use goes on, whoever else shares its address.
        }

        if (key is null)
        {
            return new Verdict.Guessed(GatewayErrors.ApiKeyInvalid);
        }

        try
        {
            return Judge(key, await keys.FindAsync(key, cancellationToken), context);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            // Whatever the database's reason is: a key that can't be checked is not taken.
            LogCannotCheck(exception.Message);
            return new Verdict.Refused(CommonErrors.Unavailable);
        }
    }

    private static bool IsBearer(string header) =>
        header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && (header.Length == Scheme.Length || header[Scheme.Length] == ' ');

    private static Verdict Judge(ApiKey key, KnownKey? found, HttpContext context) =>
        found switch
        {
            null => new Verdict.Guessed(GatewayErrors.ApiKeyInvalid),
            var known when !known.IsKey(key) => new Verdict.Guessed(GatewayErrors.ApiKeyInvalid),
            { IsRevoked: true } => new Verdict.Refused(GatewayErrors.ApiKeyRevoked),
            var known when !known.Grant.Admits(context.Connection.RemoteIpAddress) =>
                new Verdict.Refused(GatewayErrors.AddressNotAllowed(context.Connection.RemoteIpAddress)),
            { Merchant.IsSuspended: true } when !HttpMethods.IsGet(context.Request.Method) =>
                new Verdict.Refused(GatewayErrors.AccountSuspended),
            var known => KeyRules.RightFor(context.Request.Method, context.Request.Path) is var right
                && known.Grant.Permissions.Contains(right)
                    ? new Verdict.Passed(known)
                    : new Verdict.Refused(GatewayErrors.PermissionMissing(right)),
        };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A key could not be checked: {Reason}")]
    private partial void LogCannotCheck(string reason);

    private abstract record Verdict
    {
        internal sealed record Passed(KnownKey Key) : Verdict;

        internal sealed record Refused(ApiError Error) : Verdict;

        /// <summary>A secret that is none of ours.</summary>
        internal sealed record Guessed(ApiError Error) : Verdict;

        internal sealed record Waits(int Seconds) : Verdict;
    }
}
