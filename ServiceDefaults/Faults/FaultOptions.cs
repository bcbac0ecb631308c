using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Faults;

/// <summary>Settings of the faults that tests arm.</summary>
public sealed class FaultOptions
{
    public const string Section = "Faults";

    /// <summary>Where tests arm points of the code at which the process ends for good; in Development only.</summary>
    public string? Folder { get; init; }
}

internal sealed class FaultOptionsValidator(IHostEnvironment environment) : IValidateOptions<FaultOptions>
{
    public ValidateOptionsResult Validate(string? name, FaultOptions options) =>
        options.Folder is null || environment.IsDevelopment()
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("Folder is a development setting and must not be set here.");
}
