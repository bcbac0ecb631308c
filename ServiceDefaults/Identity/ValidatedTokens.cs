using System.Security.Claims;
using Microsoft.Extensions.Caching.Memory;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>
/// Tokens whose signature was found right, until they expire: an issuer sends the same one for half a minute, and its
/// signature costs more to check than most requests cost to answer.
/// </summary>
internal sealed class ValidatedTokens : IDisposable
{
    private const int MaxTokens = 20_000;

    private readonly MemoryCache _tokens = new(new MemoryCacheOptions { SizeLimit = MaxTokens });

    /// <summary>Whom this very token names; null when it isn't known, or no longer valid at that time.</summary>
    public ClaimsPrincipal? Find(string scheme, string token, DateTimeOffset now) =>
        _tokens.TryGetValue<Known>((scheme, token), out var known) && known!.ValidTo > now ? known.Principal : null;

    /// <summary>When it is full this one isn't kept, and room is made for the next: it is only checked once more.</summary>
    public void Add(string scheme, string token, ClaimsPrincipal principal, DateTimeOffset validTo) =>
        _tokens.Set((scheme, token), new Known(principal, validTo),
            new MemoryCacheEntryOptions { Size = 1, AbsoluteExpiration = validTo });

    public void Dispose() => _tokens.Dispose();

    private sealed record Known(ClaimsPrincipal Principal, DateTimeOffset ValidTo);
}
