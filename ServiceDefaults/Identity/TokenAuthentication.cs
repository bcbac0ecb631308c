using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>Which kind of token a scheme takes.</summary>
public sealed class TokenAuthenticationOptions : AuthenticationSchemeOptions
{
    /// <summary>The token's <c>typ</c>; the two kinds are never mistaken for each other.</summary>
    public string TokenType { get; set; } = "";

    /// <summary>The one issuer allowed, or null for any trusted one.</summary>
    public string? OnlyIssuer { get; set; }
}

/// <summary>Checks a bearer token: signature by a trusted key of its issuer, audience, kind and time.</summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<TokenAuthenticationOptions> options, ILoggerFactory logger, UrlEncoder encoder,
    ServiceName service, IOptions<IdentityOptions> identity, ValidatedTokens validated)
    : AuthenticationHandler<TokenAuthenticationOptions>(options, logger, encoder)
{
    private const string Prefix = "Bearer ";
    private const int ClockSkewSeconds = 5;

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<IdentityOptions, TrustedKeys> Keys = [];

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization.ToString() is not { } header || !header.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return AuthenticateResult.NoResult();
        }

        var token = header[Prefix.Length..];
        if (validated.Find(Scheme.Name, token, TimeProvider.GetUtcNow()) is { } known)
        {
            return AuthenticateResult.Success(new AuthenticationTicket(known, Scheme.Name));
        }

        var trusted = Keys.GetValue(identity.Value, static value => new TrustedKeys(value));
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidTypes = [Options.TokenType],
            ValidAudience = service.Value,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKeyResolver = (_, _, keyId, _) => trusted.Find(keyId),
            IssuerValidator = (issuer, parsed, _) => IssuerOf(issuer, (JsonWebToken)parsed, trusted),
            LifetimeValidator = (notBefore, expires, _, _) => IsCurrent(notBefore, expires),
            RequireSignedTokens = true,
            RequireExpirationTime = true,
        });
        if (!result.IsValid)
        {
            return AuthenticateResult.Fail("The token is not valid here.");
        }

        var principal = new ClaimsPrincipal(result.ClaimsIdentity);
        validated.Add(Scheme.Name, token, principal, new DateTimeOffset(result.SecurityToken.ValidTo, TimeSpan.Zero));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        CommonErrors.Unauthorized.WriteAsync(Context);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        CommonErrors.PermissionDenied.WriteAsync(Context);

    private string IssuerOf(string issuer, JsonWebToken token, TrustedKeys trusted) =>
        trusted.IssuerOf(token.Kid) == issuer && (Options.OnlyIssuer is null || Options.OnlyIssuer == issuer)
            ? issuer
            : throw new SecurityTokenInvalidIssuerException("The key is not this issuer's.");

    private bool IsCurrent(DateTime? notBefore, DateTime? expires)
    {
        var now = TimeProvider.GetUtcNow().UtcDateTime;
        return notBefore <= now.AddSeconds(ClockSkewSeconds) && expires > now.AddSeconds(-ClockSkewSeconds);
    }

    private sealed class TrustedKeys(IdentityOptions options)
    {
        private readonly Dictionary<string, (string Issuer, ECDsaSecurityKey Key)> _byId =
            options.Trusted.ToDictionary(key => key.KeyId!, key => (key.Issuer!, Import(key)));

        public IEnumerable<SecurityKey> Find(string? keyId) =>
            keyId is not null && _byId.TryGetValue(keyId, out var found) ? [found.Key] : [];

        public string? IssuerOf(string? keyId) => keyId is not null && _byId.TryGetValue(keyId, out var found) ? found.Issuer : null;

        private static ECDsaSecurityKey Import(IdentityOptions.TrustedKey trusted)
        {
            var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(trusted.PublicKey!), out _);
            return new ECDsaSecurityKey(key) { KeyId = trusted.KeyId };
        }
    }
}
