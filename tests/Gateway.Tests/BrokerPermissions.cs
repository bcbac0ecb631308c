using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;

namespace ArdorQr.Gateway.Tests;

/// <summary>
/// Who needs which right at the broker, read from the compiled services: the queues of their consumers, and the types of
/// event that they put into an outbox.
/// </summary>
internal static class BrokerPermissions
{
    private const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
    private const string OfNothing = "^$";

    private static readonly string[] Enqueueing =
        [nameof(ServiceTransaction.Enqueue), nameof(ServiceTransaction.EnqueueUntilAnswered)];

    private static readonly JsonSerializerOptions Plainly = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Sha256 = "rabbit_password_hashing_sha256";

    public static IReadOnlyList<ServiceEvents> Services { get; } =
        [.. Catalogues.Assemblies.Where(assembly => assembly != typeof(ServiceTransaction).Assembly).Select(Of)];

    /// <summary>deploy/rabbitmq/definitions.json as it has to be: an account a line, with a placeholder for its hash.</summary>
    public static string Definitions()
    {
        var accounts = Services.OrderBy(service => service.Name, StringComparer.Ordinal)
            .SelectMany(service => new[] { AtRunTime(service), OfMigration(service) }).ToList();
        var users = accounts.Select(account =>
            $$"""{ "name": "{{account.Name}}", "password_hash": "@{{account.Name}}@", "hashing_algorithm": "{{Sha256}}", "tags": [] }""");
        var permissions = accounts.Select(account =>
            $$"""
              { "user": "{{account.Name}}", "vhost": "/",
                  "configure": {{Text(account.Configure)}},
                  "write": {{Text(account.Write)}},
                  "read": {{Text(account.Read)}} }
              """);
        return $$"""
            {
              "vhosts": [{ "name": "/" }],
              "users": [
                {{string.Join(",\n    ", users)}}
              ],
              "permissions": [
                {{string.Join(",\n    ", permissions)}}
              ]
            }

            """;
    }

    /// <summary>
    /// What is the service's own it declares, fills and empties; the Gateway has the tools for everybody's dead letters.
    /// </summary>
    private static Account AtRunTime(ServiceEvents service)
    {
        var own = Own(service).Concat(Exchanges(service.Publishes)).ToList();
        var isGateway = service.Name == "gateway";
        var letters = isGateway ? Services.SelectMany(other => other.Consumes.Keys).ToList() : [];
        return new Account(
            service.Name,
            Configure: Pattern(own),
            Write: Pattern([.. own, .. letters]),
            Read: Pattern([.. Own(service), .. letters.Select(queue => $"{queue}_error")]));
    }

    /// <summary>It declares the queues, and binds them to the exchanges of whoever publishes what they take.</summary>
    private static Account OfMigration(ServiceEvents service)
    {
        var (queues, heard) = (service.Consumes.Keys, Exchanges(service.Consumes.Values));
        return new Account(
            $"{service.Name}-migrate",
            Configure: Pattern([.. queues, .. heard]), Write: Pattern([.. queues]), Read: Pattern([.. queues, .. heard]));
    }

    /// <summary>With where a queue's messages go that fail or that nobody expects.</summary>
    private static IEnumerable<string> Own(ServiceEvents service) =>
        service.Consumes.Keys.Select(queue => $"{queue}(_error|_skipped)?");

    private static IEnumerable<string> Exchanges(IEnumerable<Type> events) =>
        events.Select(type => type.GetCustomAttribute<EntityNameAttribute>()!.EntityName);

    private static string Pattern(List<string> names) => names.Count == 0
        ? OfNothing
        : $"^({string.Join('|', names.Distinct().Order(StringComparer.Ordinal).Select(Literally))})$";

    private static string Literally(string name) => name.Replace(".", @"\.", StringComparison.Ordinal);

    private static string Text(string pattern) => JsonSerializer.Serialize(pattern, Plainly);

    private static ServiceEvents Of(Assembly assembly) => new(
        assembly.GetName().Name!.Split('.')[^1].ToLowerInvariant(),
        Publishes: [.. PublishedBy(assembly).Distinct()],
        Consumes: assembly.GetTypes().Where(type => type.IsClass).Select(type => (Type: type, Consumed: ConsumedBy(type)))
            .Where(pair => pair.Consumed.Count > 0)
            .ToDictionary(
                pair => (string)pair.Type.GetField("Queue", Static)!.GetRawConstantValue()!,
                pair => pair.Consumed.Single())); // Of one type: what else is put into its queue is skipped.

    private static List<Type> ConsumedBy(Type type) =>
        [.. type.GetInterfaces().Where(contract => contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IConsumer<>))
            .Select(contract => contract.GetGenericArguments()[0])];

    /// <summary>Of which types the generic methods are called that put an event into the outbox.</summary>
    private static IEnumerable<Type> PublishedBy(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        for (var row = 1; row <= metadata.GetTableRowCount(TableIndex.MethodSpec); row++)
        {
            var token = MetadataTokens.GetToken(MetadataTokens.MethodSpecificationHandle(row));
            if (MethodOf(assembly, token) is { } method
                && method.DeclaringType == typeof(ServiceTransaction) && Enqueueing.Contains(method.Name))
            {
                yield return method.GetGenericArguments().Single();
            }
        }
    }

    /// <summary>Null for a call within a generic method or type: none of those enqueues, which a test makes sure of.</summary>
    private static MethodBase? MethodOf(Assembly assembly, int token)
    {
        try
        {
            return assembly.ManifestModule.ResolveMethod(token);
        }
        catch (Exception exception) when (exception is BadImageFormatException or ArgumentException)
        {
            return null;
        }
    }

    /// <param name="Name">As the service's queues and events begin.</param>
    /// <param name="Publishes">The types of event that its code enqueues.</param>
    /// <param name="Consumes">The type of event of each queue.</param>
    internal sealed record ServiceEvents(string Name, IReadOnlyList<Type> Publishes, IReadOnlyDictionary<string, Type> Consumes);

    private sealed record Account(string Name, string Configure, string Write, string Read);
}
