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

    /// <summary>An ES256 (P-256) private key, PKCS#8: PEM, or its base64. A secret; not to be kept where the database is.</summary>
    [Required]
    public string? SigningKey { get; init; }
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

        try
        {
            new CheckpointSigner(options.SigningKey).Dispose();
            return ValidateOptionsResult.Success;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException)
        {
            return ValidateOptionsResult.Fail("SigningKey must be a P-256 private key, PKCS#8, as PEM or base64.");
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
        services.AddSingleton<SignCheckpoints>();
        services.AddHostedService(provider => provider.GetRequiredService<SignCheckpoints>());
    }
}
