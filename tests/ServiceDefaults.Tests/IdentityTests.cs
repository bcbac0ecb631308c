using System.Net;
using System.Net.Http.Headers;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using System.Security.Claims;

namespace ArdorQr.ServiceDefaults.Tests;

public sealed class IdentityTests
{
    private static readonly CallerIdentity Caller = TestIdentity.Caller(Guid.Parse("01990000-0000-7000-8000-000000000002"), Mode.Test, 7);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_caller_token_of_the_gateway_names_the_caller()
    {
        await using var service = await StartAsync();

        var (status, body) = await GetAsync(service, "/v1/who", TestIdentity.CallerToken(Caller, "ledger"));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("01990000-0000-7000-8000-000000000002 7 test", body);
    }

    [Fact]
    public async Task A_token_for_another_audience_of_another_kind_or_changed_is_401()
    {
        await using var service = await StartAsync();
        var good = TestIdentity.CallerToken(Caller, "ledger");
        var foreign = new Dictionary<string, string?>
        {
            ["none"] = null,
            ["another audience"] = TestIdentity.CallerToken(Caller, "payments"),
            ["a service's token"] = TestIdentity.ServiceToken("gateway", "ledger", "ledger:debit"),
            ["a changed signature"] = good[..^4] + (good.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA"),
            ["no token at all"] = "sk_test_abcdefgh_abcdefghijklmnopqrstuvwx",
        };

        foreach (var (name, token) in foreign)
        {
            var (status, body) = await GetAsync(service, "/v1/who", token);
            Assert.True(status == HttpStatusCode.Unauthorized, name);
            Assert.Contains("\"code\":\"unauthorized\"", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_internal_endpoint_takes_only_a_service_with_its_scope()
    {
        await using var service = await StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/internal/do", TestIdentity.ServiceToken("payments", "ledger", "ledger:debit"))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(service, "/internal/do", TestIdentity.ServiceToken("payments", "ledger", "ledger:read"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(service, "/internal/do", TestIdentity.CallerToken(Caller, "ledger"))).Status);
    }

    [Fact]
    public async Task A_token_that_was_right_before_is_refused_once_it_has_expired()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var service = await StartAsync(services =>
            services.PostConfigureAll<TokenAuthenticationOptions>(options => options.TimeProvider = time));
        var token = TestIdentity.CallerToken(Caller, "ledger");
        time.SetUtcNow(TimeProvider.System.GetUtcNow()); // The token is signed by the real clock.

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/v1/who", token)).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/v1/who", token)).Status);
        time.Advance(TimeSpan.FromSeconds(66));
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(service, "/v1/who", token)).Status);
    }

    [Fact]
    public async Task A_token_that_is_right_in_one_place_is_still_wrong_in_another()
    {
        await using var service = await StartAsync();
        var caller = TestIdentity.CallerToken(Caller, "ledger");
        var other = TestIdentity.ServiceToken("payments", "ledger", "ledger:debit");

        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/v1/who", caller)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(service, "/internal/do", caller)).Status);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/internal/do", other)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(service, "/v1/who", other)).Status);
        }
    }

    private static Task<TestService> StartAsync(Action<IServiceCollection>? services = null) => TestService.StartAsync(Token, app =>
    {
        app.MapPublicApi().MapGet("/who", (ClaimsPrincipal user) =>
        {
            var caller = CallerIdentity.Of(user);
            return TypedResults.Text($"{caller.MerchantId} {caller.MerchantNumber} {caller.Mode}");
        });
        app.MapInternalApi("ledger:debit").MapGet("/do", () => TypedResults.Text("done"));
    }, services: services);

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(TestService service, string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await service.Client.SendAsync(request, Token);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }
}
