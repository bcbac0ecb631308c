using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>One service calls another of which a replica is away.</summary>
public sealed class NextReplicaTests
{
    private const int Calls = 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_that_takes_no_connection_costs_no_call()
    {
        var bodies = new List<string>();
        await using var living = await ListenAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            bodies.Add(await reader.ReadToEndAsync(context.RequestAborted));
        });
        await using var caller = Caller(DeadAddress(), living.Urls.Single());
        var client = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient("any");
        for (var number = 0; number < Calls; number++)
        {
            using var response = await client.PostAsJsonAsync(new Uri("http://other/work"), new { number }, Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(Enumerable.Range(0, Calls).Select(number => $$"""{"number":{{number}}}"""), bodies);
    }

    [Fact]
    public async Task What_a_client_repeats_by_itself_never_sees_the_dead_replica()
    {
        await using var living = await ListenAsync(_ => Task.CompletedTask);
        var failures = 0;
        await using var caller = Caller(
            services => services.AddHttpClient("repeating")
                .AddHttpMessageHandler(() => new Watching(() => Interlocked.Increment(ref failures))),
            DeadAddress(), living.Urls.Single());
        var client = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient("repeating");
        for (var number = 0; number < Calls; number++)
        {
            using var response = await client.PostAsJsonAsync(new Uri("http://other/work"), new { number }, Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(0, failures);
    }

    [Fact]
    public async Task A_call_that_may_have_had_its_effect_is_made_once()
    {
        var arrived = 0;
        await using var cut = await ListenAsync(context =>
        {
            Interlocked.Increment(ref arrived);
            context.Abort();
            return Task.CompletedTask;
        });
        var address = cut.Urls.Single();
        await using var caller = Caller(address, address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        var client = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient("any");

        await Assert.ThrowsAsync<HttpRequestException>(
            () => client.PostAsJsonAsync(new Uri("http://other/work"), new { }, Cancellation));

        Assert.Equal(1, arrived);
    }

    private static WebApplication Caller(params string[] replicas) => Caller(_ => { }, replicas);

    private static WebApplication Caller(Action<IServiceCollection> configure, params string[] replicas)
    {
        var builder = ServiceHost.CreateBuilder("ledger", []);
        configure(builder.Services);
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(replicas.Index().Select(
            replica => KeyValuePair.Create($"services:other:http:{replica.Index}", (string?)replica.Item)));
        return builder.Build();
    }

    private static async Task<WebApplication> ListenAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(Cancellation);
        return app;
    }

    /// <summary>Where a client's own repetitions would be.</summary>
    private sealed class Watching(Action failed) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException)
            {
                failed();
                throw;
            }
        }
    }

    private static string DeadAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }
}
