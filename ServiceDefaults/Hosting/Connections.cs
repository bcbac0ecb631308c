using System.ComponentModel.DataAnnotations;
using System.Data.Common;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>
/// Where the service's database and broker are: <c>ConnectionStrings:{service}</c> (application role),
/// <c>ConnectionStrings:{service}-owner</c> (migrations only) and <c>ConnectionStrings:broker</c> (amqp URI).
/// </summary>
public sealed class Connections(string service, IConfiguration configuration)
{
    private const string BrokerName = "broker";

    public string Service { get; } = service;

    public string Database => Required(Service);

    public string Owner => Required(OwnerName);

    public Uri Broker => new(Required(BrokerName));

    private string OwnerName => $"{Service}-owner";

    /// <summary>What is missing or wrong, for the service itself. Never its text: it has a password in it.</summary>
    internal IEnumerable<string> Faults() => new[] { DatabaseFault(Service), BrokerFault() }.OfType<string>();

    /// <summary>The same for its migration.</summary>
    internal IEnumerable<string> MigrationFaults() =>
        new[] { DatabaseFault(Service), DatabaseFault(OwnerName), BrokerFault() }.OfType<string>();

    /// <summary>The other services without an address, of those that this one calls.</summary>
    internal IEnumerable<string> PeerFaults(IEnumerable<Peer> peers) =>
        from peer in peers.Select(peer => peer.Name).Distinct()
        let section = configuration.GetSection($"services:{peer}")
        let addresses = section.GetSection("https").GetChildren().Concat(section.GetSection("http").GetChildren())
        where !addresses.Any(address => Uri.TryCreate(address.Value, UriKind.Absolute, out _))
        select $"services:{peer}:http:0 is missing or no address.";

    private string? DatabaseFault(string name)
    {
        var text = configuration.GetConnectionString(name);
        if (string.IsNullOrWhiteSpace(text))
        {
            return Missing(name);
        }

        try
        {
            var parts = new NpgsqlConnectionStringBuilder(text);
            return new[] { parts.Host, parts.Database, parts.Username }.Any(string.IsNullOrWhiteSpace)
                ? $"ConnectionStrings:{name} must name Host, Database and Username."
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or DbException)
        {
            return $"ConnectionStrings:{name} is no connection string for PostgreSQL.";
        }
    }

    private string? BrokerFault()
    {
        var text = configuration.GetConnectionString(BrokerName);
        if (string.IsNullOrWhiteSpace(text))
        {
            return Missing(BrokerName);
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var address)
            && address is { Scheme: "amqp" or "amqps", Host.Length: > 0 }
                ? null
                : $"ConnectionStrings:{BrokerName} is no amqp:// or amqps:// address.";
    }

    private static string Missing(string name) => $"ConnectionStrings:{name} is missing.";

    private string Required(string name) =>
        configuration.GetConnectionString(name) is { Length: > 0 } value
            ? value
            : throw new ValidationException(Missing(name));
}

/// <summary>Another service that this one calls: <c>services:{name}:http:0</c>, or https, says where it is.</summary>
/// <param name="Name">As it is named in addresses and tokens.</param>
public sealed record Peer(string Name);
