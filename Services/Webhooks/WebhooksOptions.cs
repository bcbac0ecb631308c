using System.ComponentModel.DataAnnotations;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Domain;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks;

/// <summary>The settings of Webhooks.</summary>
internal sealed class WebhooksOptions
{
    public const string Section = "Webhooks";

    /// <summary>The key under which endpoints' secrets are stored: 32 bytes in base64. A secret.</summary>
    [Required, SealingKey]
    public string? EncryptionKey { get; init; }

    /// <summary>Earlier keys, in the same form, still needed to read what was stored under them. A secret.</summary>
    [SealingKey]
    public IReadOnlyList<string> RetiredEncryptionKeys { get; init; } = [];

    /// <summary>Development only: lets test mode's receivers be on this machine.</summary>
    public bool AllowLoopbackReceivers { get; init; }

    /// <summary>The ports that receivers may listen on; development's exception is free of it.</summary>
    [Required]
    public string AllowedPorts { get; init; } = PortRules.DefaultText;

    /// <summary>
    /// A PEM file with root certificates that receivers may have besides the system's own, such as those of a national
    /// authority; none when empty.
    /// </summary>
    public string? AdditionalRootsFile { get; init; }

    /// <summary>
    /// How often in a minute a merchant may have its receiver tested, per mode: test, resend, recover, doctor, explain.
    /// </summary>
    [Range(1, 10_000)]
    public int MaxToolUsesPerMinute { get; init; } = 60;

    /// <summary>How long the bodies of events and answers are kept.</summary>
    [Range(1, 3_650)]
    public int PayloadRetentionDays { get; init; } = 30;

    /// <summary>How long it is known that there was an event, and what was attempted for it.</summary>
    [Range(1, 3_650)]
    public int MetadataRetentionDays { get; init; } = 180;

    /// <summary>Attempts in flight at once in this process.</summary>
    [Range(1, 10_000)]
    public int MaxInFlight { get; init; } = 512;

    /// <summary>Attempts in flight at once to one endpoint that answers well, in all processes.</summary>
    [Range(1, 1_000)]
    public int MaxInFlightPerEndpoint { get; init; } = 8;

    /// <summary>The same for an endpoint whose last attempt failed.</summary>
    [Range(1, 1_000)]
    public int MaxInFlightPerFailingEndpoint { get; init; } = 2;
}

[OptionsValidator]
internal sealed partial class WebhooksOptionsValidator : IValidateOptions<WebhooksOptions>;

/// <summary>
/// What attributes can't say: the ports' form, and that the open door exists in Development only.
/// </summary>
internal sealed class WebhooksOptionsRules(IHostEnvironment environment) : IValidateOptions<WebhooksOptions>
{
    public ValidateOptionsResult Validate(string? name, WebhooksOptions options)
    {
        var faults = new List<string>();
        if (PortRules.TryParse(options.AllowedPorts) is null)
        {
            faults.Add($"AllowedPorts must be a list such as {PortRules.DefaultText}.");
        }

        if (!string.IsNullOrEmpty(options.AdditionalRootsFile) && !File.Exists(options.AdditionalRootsFile))
        {
            faults.Add($"AdditionalRootsFile names no file: {options.AdditionalRootsFile}.");
        }

        if (options.MetadataRetentionDays < options.PayloadRetentionDays)
        {
            faults.Add("MetadataRetentionDays must not be less than PayloadRetentionDays.");
        }

        if (options.AllowLoopbackReceivers && !environment.IsDevelopment())
        {
            faults.Add("AllowLoopbackReceivers is a development setting and must not be set here.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
