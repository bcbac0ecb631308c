using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>How a service's signing key is replaced while all runs: docs/security.md.</summary>
public sealed class SigningKeyRotationTests : IDisposable
{
    private readonly ECDsa _old = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _new = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _old.Dispose();
        _new.Dispose();
    }

    [Fact]
    public async Task During_a_rotation_tokens_of_both_keys_are_taken_and_after_it_only_the_new_ones()
    {
        var (before, after) = (TokenOf("gateway", "old", _old), TokenOf("gateway", "new", _new));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), await AnswersAsync(before, after, Trusted("old", _old)));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await AnswersAsync(before, after, Trusted("old", _old), Trusted("new", _new)));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), await AnswersAsync(before, after, Trusted("new", _new)));
    }

    [Fact]
    public async Task A_key_that_carries_another_ones_id_is_not_taken_for_it()
    {
        var impostor = TokenOf("gateway", "old", _new);

        Assert.Equal(
            (HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized),
            await AnswersAsync(impostor, impostor, Trusted("old", _old), Trusted("new", _new)));
    }

    /// <summary>What OpenSSL 3 writes by itself is the first of these; found at a payment, it would be found too late.</summary>
    [Fact]
    public async Task A_key_that_can_not_be_read_stops_the_start_with_all_that_is_wrong_and_is_not_repeated()
    {
        var sec1 = Convert.ToBase64String(_old.ExportECPrivateKey());
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var larger = Convert.ToBase64String(other.ExportSubjectPublicKeyInfo());

        var stopped = await Assert.ThrowsAsync<OptionsValidationException>(() => TestService.StartAsync(
            Token, settings: new()
            {
                ["Identity:SigningKey"] = sec1, ["Identity:Trusted:0:PublicKey"] = larger, ["Identity:Trusted:1:KeyId"] = "half",
                ["Identity:Trusted:1:Issuer"] = "gateway", ["Identity:Trusted:1:PublicKey"] = "no base64",
            }));

        Assert.Equal(3, stopped.Failures.Sum(failure => failure.Split("is no P-256 key").Length - 1));
        Assert.DoesNotContain(sec1, stopped.Message);
        Assert.DoesNotContain(larger, stopped.Message);
    }

    private static async Task<(HttpStatusCode, HttpStatusCode)> AnswersAsync(
        string first, string second, params IReadOnlyList<IdentityOptions.TrustedKey> trusted)
    {
        await using var service = await TestService.StartAsync(
            Token,
            app => app.MapPublicApi().MapGet("/who", (ClaimsPrincipal _) => TypedResults.Text("known")),
            services: services => services.AddSingleton(Options.Create(new IdentityOptions
            {
                SigningKeyId = "own",
                SigningKey = Convert.ToBase64String(ECDsa.Create(ECCurve.NamedCurves.nistP256).ExportPkcs8PrivateKey()),
                Trusted = trusted,
            })));
        return (await StatusAsync(service, first), await StatusAsync(service, second));
    }

    private static async Task<HttpStatusCode> StatusAsync(TestService service, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/who");
        request.Headers.Authorization = new("Bearer", token);
        using var response = await service.Client.SendAsync(request, Token);
        return response.StatusCode;
    }

    private static string TokenOf(string issuer, string keyId, ECDsa key) => new TokenIssuer(
        new ServiceName(issuer),
        Options.Create(new IdentityOptions
        {
            SigningKeyId = keyId, SigningKey = Convert.ToBase64String(key.ExportPkcs8PrivateKey()),
        }),
        TimeProvider.System).IssueCaller(TestIdentity.Caller(Guid.Parse("01a21002-f792-7f5f-a455-0aaba3904c9b"), Mode.Test), "ledger");

    private static IdentityOptions.TrustedKey Trusted(string keyId, ECDsa key) => new()
    {
        KeyId = keyId, Issuer = "gateway", PublicKey = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()),
    };
}
