using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Webhooks.Clients;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ArdorQr.Webhooks.Tests;

/// <summary>
/// No merchant's URL leads into our network: by the address that a name has at the moment of the connect.
/// </summary>
public sealed class GuardTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_that_leads_to_this_machine_is_refused_at_set_up_and_one_that_cannot_be_resolved_is_accepted()
    {
        await using var host = await WebhooksHost.StartAsync(Token, services: Resolving(name => name switch
        {
            "inside.example" => [IPAddress.Parse("10.1.2.3")],
            "both.example" => [IPAddress.Parse("8.8.8.8"), IPAddress.IPv6Loopback],
            _ => throw new SocketException((int)SocketError.HostNotFound),
        }));

        Assert.Equal("webhook_url_forbidden", await CodeOfAsync(host, "https://inside.example/"));
        Assert.Equal("webhook_url_forbidden", await CodeOfAsync(host, "https://both.example/"));
        Assert.Null(await CodeOfAsync(host, "https://nowhere.example/"));
    }

    [Fact]
    public async Task A_name_that_leads_elsewhere_after_the_set_up_is_a_failed_attempt_and_no_connection_is_made()
    {
        var address = IPAddress.Parse("8.8.8.8");
        await using var host = await WebhooksHost.StartAsync(Token, services: Resolving(_ => [address]));
        Assert.Null(await CodeOfAsync(host, $"http://rebound.example:{host.Receiver.Address.Port}/hooks"));
        await host.OweAsync(Token);

        address = IPAddress.Loopback;
        await host.DeliverDueAsync(Token);

        Assert.Equal("address_forbidden", (await AttemptOfAsync(host)).GetProperty("error").GetString());
        Assert.Equal(0, host.Receiver.Count);
    }

    [Fact]
    public async Task A_name_that_cannot_be_resolved_at_delivery_is_a_failed_attempt()
    {
        await using var host = await WebhooksHost.StartAsync(
            Token, services: Resolving(_ => throw new SocketException((int)SocketError.HostNotFound)));
        await host.ConfigureAsync(Token, "https://nowhere.example/");
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        Assert.Equal("dns_failed", (await AttemptOfAsync(host)).GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_url_that_the_rules_refuse_by_now_is_not_called()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        var other = $"http://127.1:{host.Receiver.Address.Port}/hooks";
        await host.ExecuteAsync("UPDATE webhooks.endpoint SET url = @other", new { other }, Token);
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        Assert.Equal("address_forbidden", (await AttemptOfAsync(host)).GetProperty("error").GetString());
        Assert.Equal(0, host.Receiver.Count);
    }

    [Fact]
    public async Task Localhost_spelled_exactly_so_is_a_receiver_by_the_setting_only()
    {
        await using var open = await WebhooksHost.StartAsync(Token);
        await using var shut = await WebhooksHost.StartAsync(
            Token, settings: new Dictionary<string, string?> { ["Webhooks:AllowLoopbackReceivers"] = "false" });
        var url = $"http://localhost:{open.Receiver.Address.Port}/hooks";

        Assert.Equal("webhook_url_forbidden", await CodeOfAsync(shut, url));
        Assert.Null(await CodeOfAsync(open, url));
        await open.OweAsync(Token);
        await open.DeliverDueAsync(Token);

        Assert.Equal(1, open.Receiver.Count);
    }

    [Fact]
    public async Task Live_mode_has_no_exception()
    {
        await using var host = await WebhooksHost.StartAsync(Token);

        Assert.Equal("webhook_url_invalid", await CodeOfAsync(host, host.Receiver.Url, Mode.Live));
        Assert.Equal("webhook_url_forbidden", await CodeOfAsync(host, "https://localhost:5000/", Mode.Live));
        Assert.Equal("webhook_url_forbidden", await CodeOfAsync(host, "https://127.0.0.1:5000/", Mode.Live));
    }

    [Fact]
    public async Task Of_an_answer_without_end_64_kibibytes_are_read_and_the_connection_is_given_up()
    {
        const int limit = 64 * 1024, slack = 16 * 1024; // The answer's head, and what one read brings along.
        var streams = new List<CountedStream>();
        await using var host = await WebhooksHost.StartAsync(Token, services: services =>
            services.Replace(ServiceDescriptor.Singleton<OpenConnection>(async (address, token) =>
            {
                streams.Add(new CountedStream(await Sockets.ConnectAsync(address, token)));
                return streams[^1];
            })));
        await host.ConfigureAsync(Token);
        host.Receiver.Answering = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[8 * 1024], context.RequestAborted);
            }
        };
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        Assert.Equal("delivered", (await host.DeliveryAsync(Token)).GetProperty("status").GetString());
        var stream = Assert.Single(streams);
        await stream.Closed.WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.InRange(stream.BytesRead, limit, limit + slack);
    }

    private static Action<IServiceCollection> Resolving(Func<string, IPAddress[]> resolve) => services =>
        services.Replace(ServiceDescriptor.Singleton<ResolveHost>(
            (host, _) => Task.FromResult(IPAddress.TryParse(host, out var literal) ? [literal] : resolve(host))));

    private static async Task<string?> CodeOfAsync(WebhooksHost host, string url, Mode? mode = null)
    {
        using var response = await host.PutAsync(new { url }, Token, mode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        return body.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;
    }

    private static async Task<JsonElement> AttemptOfAsync(WebhooksHost host) =>
        Assert.Single((await host.DeliveryAsync(Token)).GetProperty("attempts").EnumerateArray());
}
