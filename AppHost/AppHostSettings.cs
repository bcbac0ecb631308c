using System.Globalization;
using ArdorQr.AppHost.Infrastructure;

namespace ArdorQr.AppHost;

/// <summary>What can be chosen about a start: by an argument <c>Name=value</c> or an environment variable.</summary>
/// <param name="Infrastructure">Where the servers run; unless given, in containers if an engine answers.</param>
/// <param name="DataFolder">Databases, messages and secrets; survives a restart. Two starts can't share one.</param>
/// <param name="GatewayPort">The public API's port; 0 is any free one.</param>
/// <param name="OperatorPort">The operator API's port; 0 is any free one.</param>
/// <param name="ArchiveFolder">
/// Where the database server's log is archived, for restores to a time; local processes only. See docs/restore.md.
/// </param>
/// <param name="SandboxApart">
/// The sandbox has a database server of its own: it is the outside, and isn't restored with the rest.
/// </param>
/// <param name="EnvFile">Where addresses and keys are written, for shells, as soon as all is healthy.</param>
internal sealed record AppHostSettings(
    InfrastructureKind Infrastructure, string DataFolder, int GatewayPort, int OperatorPort, string? ArchiveFolder,
    bool SandboxApart, string EnvFile)
{
    private const int DefaultGatewayPort = 8080;
    private const int DefaultOperatorPort = 8081;

    public static AppHostSettings Of(IDistributedApplicationBuilder builder)
    {
        string? Given(string name) => builder.Configuration[name] is { Length: > 0 } value ? value : null;

        var dataFolder = Path.GetFullPath(
            Given("DataFolder") ?? Path.Combine(builder.AppHostDirectory, "../.run/data"));
        return new(
            KindOf(Given("Infrastructure")),
            dataFolder,
            PortOf("GatewayPort", Given("GatewayPort"), DefaultGatewayPort),
            PortOf("OperatorPort", Given("OperatorPort"), DefaultOperatorPort),
            Given("ArchiveFolder") is { } archive ? Path.GetFullPath(archive) : null,
            Given("SandboxServer") == "own",
            Path.GetFullPath(Given("EnvFile") ?? Path.Combine(dataFolder, "env")));
    }

    private static InfrastructureKind KindOf(string? given) => given?.ToUpperInvariant() switch
    {
        null => ContainerEngine.Answers() ? InfrastructureKind.Containers : InfrastructureKind.Local,
        "CONTAINERS" => InfrastructureKind.Containers,
        "LOCAL" => InfrastructureKind.Local,
        _ => throw new SetupException($"Infrastructure={given}: it must be 'containers' or 'local'."),
    };

    private static int PortOf(string name, string? given, int otherwise)
    {
        if (!int.TryParse(given ?? $"{otherwise}", NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port > ushort.MaxValue)
        {
            throw new SetupException($"{name}={given}: it must be a port, 0 to {ushort.MaxValue}.");
        }

        if (port == 0)
        {
            return FreePorts.Next();
        }

        return FreePorts.IsFree(port)
            ? port
            : throw new SetupException(
                $"Port {port} is in use. Choose another with {name}=..., or {name}=0 for any free one.");
    }
}

/// <summary>Where PostgreSQL and RabbitMQ run.</summary>
internal enum InfrastructureKind
{
    Containers,
    Local,
}

/// <summary>Something that whoever starts the system can mend; the message says what and how.</summary>
internal sealed class SetupException(string message) : Exception(message);
