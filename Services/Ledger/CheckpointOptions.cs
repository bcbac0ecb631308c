using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using ArdorQr.Ledger.Domain;
using ArdorQr.Ledger.Features;
using Microsoft.Extensions.Options;

namespace ArdorQr.Ledger;

/// <summary>Settings of the signed checkpoints.</summary>
internal sealed class CheckpointOptions
{
    public const string Section = "Ledger:Checkpoints";

    /// <summary>An ES256 (P-256) private key, PKCS#8: PEM, or its base64. A secret. Not to be kept where the database is.</summary>
    [Required]
    public string? SigningKey { get; init; }

    /// <summary>
    /// Public keys of signing keys that were replaced, or will replace this one: SubjectPublicKeyInfo, base64, as
    /// <c>publicKey</c> of their checkpoints says. The auditor takes a checkpoint of any other key for a forgery.
    /// </summary>
    public IReadOnlyList<string> TrustedPublicKeys { get; init; } = [];
}

[OptionsValidator]
internal sealed partial class CheckpointOptionsValidator : IValidateOptions<CheckpointOptions>;

/// <summary>What attributes can't say: the key is a key.</summary>
internal sealed class CheckpointOptionsRules : IValidateOptions<CheckpointOptions>
{
    public ValidateOptionsResult Validate(string? name, CheckpointOptions options)
    {
        if (options.SigningKey is null)
        {
            return ValidateOptionsResult.Skip; // Said already.
        }

        List<string> faults = [];
        if (!CanBeMade(() => new CheckpointSigner(options.SigningKey)))
        {
            faults.Add("SigningKey must be a P-256 private key, PKCS#8, as PEM or base64.");
        }

        if (!CanBeMade(() => new CheckpointTrust(options.TrustedPublicKeys.Select(Convert.FromBase64String))))
        {
            faults.Add("TrustedPublicKeys must be public keys, SubjectPublicKeyInfo, as base64.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static bool CanBeMade(Func<IDisposable> make)
    {
        try
        {
            make().Dispose();
            return true;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException)
        {
            return false;
        }
    }
}

internal static class CheckpointRegistration
{
    public static void AddCheckpoints(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<CheckpointOptions>, CheckpointOptionsValidator>();
        services.AddSingleton<IValidateOptions<CheckpointOptions>, CheckpointOptionsRules>();
        services.AddOptionsWithValidateOnStart<CheckpointOptions>().BindConfiguration(CheckpointOptions.Section);
        services.AddSingleton(provider =>
            new CheckpointSigner(provider.GetRequiredService<IOptions<CheckpointOptions>>().Value.SigningKey!));
        services.AddSingleton(provider => new CheckpointTrust(
            provider.GetRequiredService<IOptions<CheckpointOptions>>().Value.TrustedPublicKeys
                .Select(Convert.FromBase64String)
                .Append(provider.GetRequiredService<CheckpointSigner>().PublicKey.ToArray())));
        services.AddSingleton<SignCheckpoints>();
        services.AddHostedService(provider => provider.GetRequiredService<SignCheckpoints>());
    }
}
