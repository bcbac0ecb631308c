using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>
/// Where the service's database and broker are: <c>ConnectionStrings:{service}</c> (application role),
/// <c>ConnectionStrings:{service}-owner</c> (migrations only) and <c>ConnectionStrings:broker</c> (amqp URI).
/// </summary>
public sealed class Connections(string service, IConfiguration configuration)
{
    public string Service { get; } = service;

    public string Database => Required(Service);

    public string Owner => Required($"{Service}-owner");

    public Uri Broker => new(Required("broker"));

    /// <summary>The names of the settings without which the service can't start.</summary>
    internal IEnumerable<string> Missing() =>
        new[] { Service, "broker" }
            .Where(name => string.IsNullOrWhiteSpace(configuration.GetConnectionString(name)))
            .Select(name => $"ConnectionStrings:{name} is missing.");

    private string Required(string name) =>
        configuration.GetConnectionString(name) is { Length: > 0 } value
            ? value
            : throw new ValidationException($"ConnectionStrings:{name} is missing.");
}
