using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Keeps the two listeners apart: <c>/operator</c> exists on the operator's port only and needs the operator's token,
/// and all else but health exists everywhere but there.
/// </summary>
internal sealed class CheckOperator(
    RequestDelegate next, IOptions<GatewayOptions> gateway, IOptions<OperatorOptions> options)
{
    private const string Scheme = "Bearer ";

    private readonly byte[] _tokenHash = SHA256.HashData(Encoding.UTF8.GetBytes(options.Value.Token!));

    public Task InvokeAsync(HttpContext context)
    {
        var isOperators = context.Request.Path.StartsWithSegments("/operator");
        var isHealth = context.Request.Path.StartsWithSegments("/health");
        var onOperatorPort = context.Connection.LocalPort == gateway.Value.OperatorPort;
        if (isOperators != onOperatorPort && !isHealth)
        {
            return CommonErrors.NotFound.WriteAsync(context);
        }

        return isOperators && !IsOperator(context) ? GatewayErrors.OperatorUnauthorized.WriteAsync(context) : next(context);
    }

    /// <summary>The token with which the request came; there is one, as the check has passed.</summary>
    public static string TokenOf(HttpContext context) => context.Request.Headers.Authorization[0]![Scheme.Length..];

    private bool IsOperator(HttpContext context) =>
        context.Request.Headers.Authorization is [{ } header]
        && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(TokenOf(context))), _tokenHash);
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

/// <summary>Who may operate.</summary>
internal sealed class OperatorOptions
{
    public const string Section = "Operator";

    private const int MinTokenLength = 16;

    /// <summary>The operator's bearer token.</summary>
    [Required, MinLength(MinTokenLength)]
    public string? Token { get; init; }
}

[OptionsValidator]
internal sealed partial class OperatorOptionsValidator : IValidateOptions<OperatorOptions>;
