using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;
using Npgsql;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Stands before everything under <c>/v1</c>, known paths and unknown: without a valid key it is 401. What passes
/// carries its <see cref="KnownKey"/>.
/// </summary>
internal sealed partial class CheckKey(RequestDelegate next, KnownKeys keys, KeyUses uses, ILogger<CheckKey> logger)
{
    private const string Scheme = "Bearer";

    public async Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/v1"))
        {
            await next(context);
            return;
        }

        switch (await CheckAsync(context, context.RequestAborted))
        {
            case Verdict.Refused { Error: var error }:
                await error.WriteAsync(context);
                break;
            case Verdict.Passed { Key: var key }:
                uses.Note(key.Caller.KeyId);
                context.Features.Set(key);
                await next(context);
                break;
        }
    }

    private async ValueTask<Verdict> CheckAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var header = context.Request.Headers.Authorization;
        if (header is not [{ } value, ..] || !IsBearer(value))
        {
            return new Verdict.Refused(CommonErrors.Unauthorized);
        }

        if (header.Count > 1 || ApiKey.TryParse(value[Scheme.Length..].Trim(' ')) is not { } key)
        {
            return new Verdict.Refused(GatewayErrors.ApiKeyInvalid);
        }

        try
        {
            return Judge(key, await keys.FindAsync(key, cancellationToken), context.Request.Method);
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

    private static Verdict Judge(ApiKey key, KnownKey? found, string method) =>
        found switch
        {
            null => new Verdict.Refused(GatewayErrors.ApiKeyInvalid),
            var known when !known.IsKey(key) => new Verdict.Refused(GatewayErrors.ApiKeyInvalid),
            { IsRevoked: true } => new Verdict.Refused(GatewayErrors.ApiKeyRevoked),
            { Merchant.IsSuspended: true } when !HttpMethods.IsGet(method) =>
                new Verdict.Refused(GatewayErrors.AccountSuspended),
            var known => new Verdict.Passed(known),
        };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A key could not be checked: {Reason}")]
    private partial void LogCannotCheck(string reason);

    private abstract record Verdict
    {
        internal sealed record Passed(KnownKey Key) : Verdict;

        internal sealed record Refused(ApiError Error) : Verdict;
    }
}
