using System.Net.Security;
using System.Security.Authentication;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Hosting;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>Connects a service to the broker: its outbox, its inbox, and one quorum queue per consumer.</summary>
public static class MessagingRegistration
{
    private const ushort PrefetchCount = 32;
    private const int ConcurrentMessages = 8;
    private const int MaxPauseSeconds = 5;

    private const string TlsScheme = "amqps";

    private const SslPolicyErrors AllErrors = SslPolicyErrors.RemoteCertificateChainErrors
        | SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable;

    /// <summary>Over an hour of retries: longer than the broker lets a delivery wait, so that it hands it out anew first.</summary>
    private const int MaxRetries = 1_000;

    /// <summary>
    /// Adds messaging with the service's consumers. A transient fault pauses a consumer for as long as it lasts; any
    /// other is a defect and moves the message to <c>{queue}_error</c>.
    /// </summary>
    public static WebApplicationBuilder AddMessaging(this WebApplicationBuilder builder, Action<EventConsumers> consumers)
    {
        builder.Services.AddSingleton<OutboxSignal>();
        builder.Services.AddMassTransit(bus =>
        {
            consumers(new EventConsumers(bus));
            bus.DisableUsageTelemetry(); // It would tell the library's makers of our queues and hosts.

            // Without the broker the service still answers; its events wait in the outbox.
            bus.ConfigureHealthCheckOptions(health => health.MinimalFailureStatus = HealthStatus.Degraded);
            bus.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                endpoint.PrefetchCount = PrefetchCount;
                endpoint.ConcurrentMessageLimit = ConcurrentMessages;
                endpoint.UseMessageRetry(retry =>
                {
                    retry.Handle<Exception>(Transient.Is);
                    retry.Exponential(MaxRetries, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(MaxPauseSeconds), TimeSpan.FromMilliseconds(200));
                });
                endpoint.PublishFaults = false; // Nobody listens to them, and who publishes needs an exchange and the right to it.
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                {
                    rabbit.SetQuorumQueue();
                    // To bind a queue to another service's exchange is to declare that, and who may declare may delete it with
                    // everybody's bindings: only migrations have that right.
                    rabbit.ConfigureConsumeTopology = context.GetRequiredService<Launch>().IsMigration;
                }
            });
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var broker = context.GetRequiredService<Connections>().Broker;
                rabbit.Host(broker, host =>
                {
                    if (broker.Scheme == TlsScheme)
                    {
                        UseTls(host, broker.Host);
                    }
                });
                rabbit.ConfigureJsonSerializerOptions(json => new JsonSerializerOptions(json) { WriteIndented = false }); // Nobody reads it.
                rabbit.ConfigureEndpoints(context);
            });
        });
        builder.Services.AddSingleton<SentRows>();
        builder.Services.AddSingleton<OutboxSender>();
        builder.Services.AddHostedService<OutboxDispatcher>();
        builder.Services.AddHostedService<MessagingUpkeep>();
        builder.Services.AddHostedService<MeasureOutbox>();
        return builder;
    }

    /// <summary>By the scheme, at whichever port: MassTransit alone would speak in the clear anywhere but at 5671.</summary>
    private static void UseTls(IRabbitMqHostConfigurator host, string name) => host.UseSsl(tls =>
    {
        tls.ServerName = name;
        tls.Protocol = SslProtocols.None; // The system's choice.
        tls.EnforcePolicyErrors(AllErrors); // By itself it would take a certificate of any authority's.
    });
}

/// <summary>The consumers of one service, each with a queue of its own.</summary>
public sealed class EventConsumers(IBusRegistrationConfigurator bus)
{
    /// <param name="queue">The queue's stable name, <c>{service}.{event}</c>.</param>
    public EventConsumers Add<TConsumer>(string queue)
        where TConsumer : class, IConsumer
    {
        bus.AddConsumer<TConsumer>().Endpoint(endpoint => endpoint.Name = queue);
        return this;
    }
}
