using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>The keys by which services know each other. Two keys of one issuer may be trusted during a rotation.</summary>
public sealed class IdentityOptions
{
    public const string Section = "Identity";

    /// <summary>The id of <see cref="SigningKey"/>, carried as <c>kid</c>.</summary>
    [Required]
    public string? SigningKeyId { get; init; }

    /// <summary>This service's ES256 (P-256) private key: PKCS#8, base64. A secret.</summary>
    [Required, P256Key(isPrivate: true)]
    public string? SigningKey { get; init; }

    /// <summary>The public keys whose tokens are accepted.</summary>
    [Required, MinLength(1), ValidateEnumeratedItems]
    public IReadOnlyList<TrustedKey> Trusted { get; init; } = [];

    public sealed class TrustedKey
    {
        /// <summary>The <c>kid</c> that tokens of this key carry.</summary>
        [Required]
        public string? KeyId { get; init; }

        /// <summary>The service that signs with this key; only tokens that name it as their issuer are accepted.</summary>
        [Required]
        public string? Issuer { get; init; }

        /// <summary>SubjectPublicKeyInfo, base64.</summary>
        [Required, P256Key(isPrivate: false)]
        public string? PublicKey { get; init; }
    }
}

[OptionsValidator]
internal sealed partial class IdentityOptionsValidator : IValidateOptions<IdentityOptions>;
