using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>Everything that is missing or wrong in the settings, at once.</summary>
internal static class SettingFaults
{
    public static IReadOnlyList<string> Of(IServiceProvider services)
    {
        var connections = services.GetRequiredService<Connections>();
        List<string> faults = [.. connections.Faults(), .. connections.PeerFaults(services.GetServices<Peer>())];
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
        }
        catch (OptionsValidationException exception)
        {
            faults.AddRange(Named(exception));
        }
        catch (AggregateException exception)
        {
            faults.AddRange(exception.InnerExceptions.SelectMany(inner =>
                inner is OptionsValidationException options ? Named(options) : [inner.Message]));
        }

        return faults;
    }

    /// <summary>Each fault by the setting's whole name, as it has to be given: the options' section and the field.</summary>
    private static IEnumerable<string> Named(OptionsValidationException exception)
    {
        var section = exception.OptionsType.GetField("Section")?.GetValue(null) as string;
        return exception.Failures.Select(failure => section is null ? failure : $"{section}:{failure}");
    }
}
