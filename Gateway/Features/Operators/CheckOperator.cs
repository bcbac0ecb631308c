using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// Keeps the two listeners apart: <c>/operator</c> exists on the operators' port only and needs an operator's token and
/// role, and all else exists everywhere but there, health excepted: that the process lives may be asked on both, how it
/// is on the operators' port alone, for the answer names what we are made of. What passes carries its
/// <see cref="OperatorIdentity"/>.
/// </summary>
internal sealed class CheckOperator(
    RequestDelegate next, ServiceDatabase database, IOptions<GatewayOptions> gateway, IOptions<OperatorOptions> options,
    IOptions<LimitOptions> limits, TimeProvider time)
{
    private const string Scheme = "Bearer ";

    private readonly byte[] _firstTokenHash = OperatorTable.HashOf(options.Value.Token!);
    private readonly GuessGuard _guesses = new(limits.Value.FailedTokensRule, time);

    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        var isOperators = path.StartsWithSegments("/operator");
        var onOperatorPort = context.Connection.LocalPort == gateway.Value.OperatorPort;
        var isHere = path.StartsWithSegments("/health")
            ? onOperatorPort || path.StartsWithSegments("/health/live")
            : isOperators == onOperatorPort;
        if (!isHere)
        {
            return CommonErrors.NotFound.WriteAsync(context);
        }

        return isOperators ? CheckAsync(context) : next(context);
    }

    private async Task CheckAsync(HttpContext context)
    {
        if (TokenOf(context) is not { } token)
        {
            await GatewayErrors.OperatorUnauthorized.WriteAsync(context);
            return;
        }

        var address = context.Connection.RemoteIpAddress;
        if (_guesses.WaitOf(address) is > 0 and var seconds)
        {
            await RateHeaders.WaitAsync(context, seconds);
            return;
        }

        if (await FindAsync(token, context.RequestAborted) is not { } identity)
        {
            _guesses.Failed(address);
            await GatewayErrors.OperatorUnauthorized.WriteAsync(context);
            return;
        }

        var role = NeededRole.Of(context);
        if (!OperatorRoles.Suffice(identity.Roles, role))
        {
            await GatewayErrors.RoleMissing(role).WriteAsync(context);
            return;
        }

        context.Features.Set(identity);
        await next(context);
    }

    private async Task<OperatorIdentity?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (CryptographicOperations.FixedTimeEquals(OperatorTable.HashOf(token), _firstTokenHash))
        {
            return new OperatorIdentity(options.Value.Name, [OperatorRoles.Admin], token);
        }

        return await OperatorTable.FindAsync(database, token, cancellationToken) is { } row
            ? new OperatorIdentity(row.Name, row.Roles, token)
            : null;
    }

    private static string? TokenOf(HttpContext context) =>
        context.Request.Headers.Authorization is [{ } header]
        && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? header[Scheme.Length..]
            : null;
}

/// <summary>Settings of the Gateway's listeners.</summary>
internal sealed class GatewayOptions
{
    public const string Section = "Gateway";

    /// <summary>The port, one of those listened on, that serves <c>/operator</c> and nothing else.</summary>
    [Required, Range(1, 65_535)]
    public int? OperatorPort { get; init; }

    /// <summary>
    /// Addresses or networks of the proxies before us: X-Forwarded-For and -Proto are believed of these alone.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];
}

[OptionsValidator]
internal sealed partial class GatewayOptionsValidator : IValidateOptions<GatewayOptions>;

/// <summary>A proxy that can't be read must not be left out silently.</summary>
internal sealed class TrustedProxiesValidator : IValidateOptions<GatewayOptions>
{
    public ValidateOptionsResult Validate(string? name, GatewayOptions options) =>
        options.TrustedProxies.Where(proxy => AddressRange.TryParse(proxy) is null).ToList() is { Count: > 0 } wrong
            ? ValidateOptionsResult.Fail(wrong.Select(proxy => $"TrustedProxies: '{proxy}' is no address and no network."))
            : ValidateOptionsResult.Success;
}
