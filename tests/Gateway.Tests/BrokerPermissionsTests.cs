using System.Reflection;
using System.Text.Json;
using ArdorQr.Contracts.Events;
using ArdorQr.Gateway.Clients;
using MassTransit;

namespace ArdorQr.Gateway.Tests;

/// <summary>
/// deploy/rabbitmq/definitions.json, which gives each service its rights at the broker, against the services' code. After
/// a change of what is published or consumed, run these tests once with ARDORQR_WRITE_DOCS=1: it writes the file anew.
/// </summary>
public sealed class BrokerPermissionsTests
{
    private static readonly string DefinitionsFile = Path.Combine(RepositoryRoot(), "deploy/rabbitmq/definitions.json");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_brokers_permissions_are_what_the_code_publishes_and_consumes_and_nothing_more()
    {
        var definitions = BrokerPermissions.Definitions();
        using var _ = JsonDocument.Parse(definitions);
        if (Environment.GetEnvironmentVariable("ARDORQR_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(DefinitionsFile, definitions, Cancellation);
            return;
        }

        Assert.Equal(definitions, await File.ReadAllTextAsync(DefinitionsFile, Cancellation));
    }

    [Fact]
    public void Each_type_of_event_is_published_by_the_one_service_that_its_name_begins_with()
    {
        var events = typeof(IIntegrationEvent).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IIntegrationEvent))).ToList();

        Assert.All(events, type => Assert.Equal(
            [type.GetCustomAttribute<EntityNameAttribute>()!.EntityName.Split('.')[1]],
            BrokerPermissions.Services.Where(service => service.Publishes.Contains(type)).Select(service => service.Name)));
    }

    /// <summary>The names keep two services' rights apart.</summary>
    [Fact]
    public void Each_queue_is_named_after_its_service_and_the_one_type_of_event_that_is_taken_from_it()
    {
        var queues = BrokerPermissions.Services.SelectMany(service => service.Consumes
            .Select(pair => (service.Name, Queue: pair.Key, Event: pair.Value))).ToList();

        Assert.All(queues, queue => Assert.Equal(
            $"{queue.Name}.{queue.Event.GetCustomAttribute<EntityNameAttribute>()!.EntityName.Split('.')[2]}", queue.Queue));
        Assert.Equal(
            DeadLetterQueues.Consumers.Order(StringComparer.Ordinal),
            queues.Select(queue => queue.Queue).Order(StringComparer.Ordinal));
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "ArdorQr.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
