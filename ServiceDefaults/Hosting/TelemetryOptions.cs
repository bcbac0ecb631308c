using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>Settings of what the platform team sees of a service.</summary>
public sealed class TelemetryOptions
{
    public const string Section = "Telemetry";

    /// <summary>
    /// The port, a listener of its own, at which Prometheus fetches <c>/metrics</c>; none unless set. No token is asked
    /// for: it belongs into the inner network.
    /// </summary>
    [Range(1, 65_535)]
    public int? MetricsPort { get; init; }

    /// <summary>The address that is listened at for it; <c>*</c> is any.</summary>
    [Required]
    public string MetricsHost { get; init; } = "*";
}

[OptionsValidator]
internal sealed partial class TelemetryOptionsValidator : IValidateOptions<TelemetryOptions>;

internal static class TelemetrySettings
{
    /// <summary>
    /// Where metrics are fetched by the settings, or null; what is no port is told with the other settings' faults.
    /// </summary>
    public static (string Host, int Port)? AddTelemetryOptions(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IValidateOptions<TelemetryOptions>, TelemetryOptionsValidator>();
        builder.Services.AddOptionsWithValidateOnStart<TelemetryOptions>().BindConfiguration(TelemetryOptions.Section);
        var given = builder.Configuration.GetSection(TelemetryOptions.Section);
        return int.TryParse(given[nameof(TelemetryOptions.MetricsPort)], out var port) && port is > 0 and <= 65_535
            ? (given[nameof(TelemetryOptions.MetricsHost)] ?? "*", port)
            : null;
    }
}
