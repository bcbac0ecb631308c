using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Gateway.Features.Operators;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Gateway.Tests;

/// <summary>A merchant's first keys, as the operator was given them.</summary>
internal sealed record NewMerchant(Guid Id, string LiveKey, Guid LiveKeyId, string TestKey, Guid TestKeyId);

/// <summary>A gateway on real ports, one public and one for operators, over a database.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    public const string OperatorToken = "operator-token-of-tests";

    private readonly ServiceFactory<Program> _factory;

    private TestGateway(ServiceFactory<Program> factory, Uri publicAddress, Uri operatorAddress)
    {
        _factory = factory;
        Operator = new HttpClient { BaseAddress = operatorAddress };
        Operator.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OperatorToken);
        Anonymous = new HttpClient { BaseAddress = publicAddress };
    }

    public HttpClient Operator { get; }

    /// <summary>The public port, without any key.</summary>
    public HttpClient Anonymous { get; }

    public IServiceProvider Services => _factory.Services;

    /// <summary>The operators' port with this token.</summary>
    public HttpClient OperatorWith(string token)
    {
        var client = new HttpClient { BaseAddress = Operator.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>A new operator with these roles.</summary>
    public async Task<HttpClient> NewOperatorAsync(string name, string[] roles, CancellationToken cancellationToken)
    {
        using var response = await Operator.PostAsJsonAsync("/operator/operators", new { name, roles }, cancellationToken);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return OperatorWith((await response.JsonAsync(cancellationToken)).GetProperty("token").GetString()!);
    }

    /// <param name="database">Its database.</param>
    /// <param name="settings">What differs from the usual ones.</param>
    /// <param name="services">What is replaced in it.</param>
    /// <param name="isBrokerDown">No harness in place of the broker.</param>
    /// <param name="reconciles">Whether it compares the services' books by itself, which other tests' stubs don't await.</param>
    public static TestGateway Start(
        TestDatabase database, IReadOnlyDictionary<string, string?> settings, Action<IServiceCollection>? services = null,
        bool isBrokerDown = false, bool reconciles = false)
    {
        var operatorPort = StubService.FreePort();
        var factory = new ServiceFactory<Program>(
            "gateway", database, new Dictionary<string, string?>
            {
                ["Gateway:OperatorPort"] = $"{operatorPort}",
                ["Operator:Token"] = OperatorToken,
                ["Operator:SecondOperator"] = "false",
            }.Concat(settings).DistinctByLast(),
            collection =>
            {
                services?.Invoke(collection);
                if (!reconciles)
                {
                    collection.Remove(collection.Single(one => one.ImplementationType == typeof(RunReconciliations)));
                }
            },
            isBrokerDown);
        factory.UseKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, operatorPort);
        });
        factory.StartServer();
        var addresses = factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address)).ToList();
        return new TestGateway(
            factory, addresses.Single(address => address.Port != operatorPort), addresses.Single(address => address.Port == operatorPort));
    }

    /// <summary>The public port with this key.</summary>
    public HttpClient ClientOf(string key)
    {
        var client = new HttpClient { BaseAddress = Anonymous.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public async Task<NewMerchant> RegisterAsync(CancellationToken cancellationToken, string name = "ООО «Ромашка»")
    {
        using var response = await Operator.PostAsJsonAsync("/operator/merchants", new { name }, cancellationToken);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var merchant = await response.JsonAsync(cancellationToken);
        var (live, test) = (merchant.GetProperty("keys").GetProperty("live"), merchant.GetProperty("keys").GetProperty("test"));
        return new NewMerchant(
            merchant.GetProperty("id").GetGuid(),
            live.GetProperty("secret").GetString()!, live.GetProperty("id").GetGuid(),
            test.GetProperty("secret").GetString()!, test.GetProperty("id").GetGuid());
    }

    public async ValueTask DisposeAsync()
    {
        Operator.Dispose();
        Anonymous.Dispose();
        await _factory.DisposeAsync();
    }
}

/// <summary>What answers are read and judged by.</summary>
internal static class Answers
{
    /// <summary>Of a setting that is given twice, the last counts.</summary>
    public static Dictionary<string, string?> DistinctByLast(this IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var all = new Dictionary<string, string?>();
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return all;
    }

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var document = await JsonDocument.ParseAsync(
            await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
        return document.RootElement.Clone();
    }

    /// <summary>The answer is this error in the contract's envelope, in Russian, with one request id in body and header.</summary>
    public static async Task<JsonElement> AssertErrorAsync(
        this HttpResponseMessage response, int status, string code, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        using var document = JsonDocument.Parse(text);
        var error = document.RootElement.GetProperty("error").Clone();
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Matches("[а-яА-Я]", error.GetProperty("message").GetString()!);
        Assert.Equal(Assert.Single(response.Headers.GetValues("X-Request-Id")), error.GetProperty("requestId").GetString());
        Assert.Matches("^[0-9a-f]{32}$", error.GetProperty("requestId").GetString()!);
        if (status == 401)
        {
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        }

        return error;
    }
}
