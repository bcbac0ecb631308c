using System.Net.Http.Headers;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Testing;

/// <summary>
/// A service in this process as it starts for real, on a database of its own, with MassTransit's in-memory harness in
/// place of the broker, or with the real bus and no broker to reach: HTTP comes in by <see cref="ClientOf"/> and
/// <see cref="ClientOfService"/>, events by the harness.
/// </summary>
/// <typeparam name="TProgram">The service's entry point.</typeparam>
public sealed class ServiceFactory<TProgram>(
    string service, TestDatabase database, IReadOnlyDictionary<string, string?>? settings = null,
    Action<IServiceCollection>? services = null, bool isBrokerDown = false) : WebApplicationFactory<TProgram>
    where TProgram : class
{
    private const string Nowhere = "http://127.0.0.1:1";

    /// <summary>A merchant's client, as the Gateway would let it through.</summary>
    public HttpClient ClientOf(CallerIdentity caller) => WithToken(TestIdentity.CallerToken(caller, service));

    /// <summary>Another service's client, with one scope.</summary>
    public HttpClient ClientOfService(string issuer, string scope) => WithToken(TestIdentity.ServiceToken(issuer, service, scope));

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Development");
        builder.UseSetting($"ConnectionStrings:{service}", database.ConnectionString);
        builder.UseSetting("Logging:LogLevel:Default", "Warning");
        builder.UseSetting("ConnectionStrings:broker", "amqp://guest:guest@127.0.0.1:1/");
        foreach (var peer in TestIdentity.Services)
        {
            builder.UseSetting($"services:{peer}:http:0", Nowhere); // Who is called answers in its place.
        }

        foreach (var (name, value) in TestIdentity.Settings(service).Concat(settings ?? new Dictionary<string, string?>()))
        {
            builder.UseSetting(name, value);
        }

        builder.ConfigureTestServices(collection =>
        {
            if (!isBrokerDown)
            {
                collection.AddTestHarness();
            }

            services?.Invoke(collection);
        });
    }

    private HttpClient WithToken(string token)
    {
        var client = CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
