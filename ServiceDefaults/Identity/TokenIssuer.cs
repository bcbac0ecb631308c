using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>Signs this service's short-lived tokens (ES256): for a merchant's request, or for a call of its own.</summary>
public sealed class TokenIssuer
{
    internal const string CallerType = "caller+jwt";
    internal const string ServiceType = "service+jwt";
    internal const string ScopeClaim = "scope";

    private const int LifetimeSeconds = 60;
    private const int ReuseSeconds = 30;

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly ConcurrentDictionary<(string Audience, string Scope), (string Token, DateTimeOffset Until)> _serviceTokens = [];
    private readonly string _issuer;
    private readonly TimeProvider _time;
    private readonly SigningCredentials _credentials;

    public TokenIssuer(ServiceName service, IOptions<IdentityOptions> options, TimeProvider time)
    {
        _issuer = service.Value;
        _time = time;
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(options.Value.SigningKey!), out _);
        _credentials = new SigningCredentials(
            new ECDsaSecurityKey(key) { KeyId = options.Value.SigningKeyId }, SecurityAlgorithms.EcdsaSha256);
    }

    /// <summary>A token for one merchant's request to <paramref name="audience"/>, valid for 60 s.</summary>
    public string IssueCaller(CallerIdentity caller, string audience) => Sign(CallerType, audience, caller.ToClaims());

    /// <summary>A token for a call of our own, with one scope such as <c>ledger:debit</c>; reused for half a minute.</summary>
    public string IssueService(string audience, string scope)
    {
        var now = _time.GetUtcNow();
        if (_serviceTokens.TryGetValue((audience, scope), out var cached) && cached.Until > now)
        {
            return cached.Token;
        }

        var token = Sign(ServiceType, audience, new Dictionary<string, object> { [ScopeClaim] = scope });
        _serviceTokens[(audience, scope)] = (token, now.AddSeconds(ReuseSeconds));
        return token;
    }

    private string Sign(string type, string audience, Dictionary<string, object> claims)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = type,
            Issuer = _issuer,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddSeconds(LifetimeSeconds),
            Claims = claims,
            SigningCredentials = _credentials,
        });
    }
}

/// <summary>The running service's name: issuer of its tokens, audience of others'.</summary>
public sealed record ServiceName(string Value);
