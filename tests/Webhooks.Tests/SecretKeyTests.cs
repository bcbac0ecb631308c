using System.Security.Cryptography;
using ArdorQr.Webhooks.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ArdorQr.Webhooks.Tests;

/// <summary>The key that secrets are stored under can be changed while they are in use.</summary>
public sealed class SecretKeyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Secrets_move_to_a_new_key_and_the_old_key_can_go()
    {
        await using var before = await WebhooksHost.StartAsync(Token);
        var old = await before.ConfigureAsync(Token);
        var current = await before.ConfigureAsync(Token, rotateSecret: true);
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

        await using (var during = await StartAsync(before, key, retired: WebhooksHost.EncryptionKey))
        {
            await ResealerOf(during).ResealAsync(Token);
            Assert.Equal(0, await ResealerOf(during).ResealAsync(Token)); // Nothing is left to move.
        }

        await using var after = await StartAsync(before, key, retired: null);
        await before.OweAsync(Token);
        Assert.Equal(1, await after.DeliverDueAsync(Token));
        var received = await before.Receiver.NextAsync(Token);
        Assert.Equal(
            [true, false], SignatureCheck.Matches(received.Header("X-Ardor-Signature"), received.Body, current!));
        Assert.Equal([false, true], SignatureCheck.Matches(received.Header("X-Ardor-Signature"), received.Body, old!));
    }

    [Fact]
    public async Task Without_the_key_it_was_stored_under_a_secret_stays_as_it_is()
    {
        await using var before = await WebhooksHost.StartAsync(Token);
        await before.ConfigureAsync(Token);
        const string sql = "SELECT encode(secret, 'hex') || secret_key_id FROM webhooks.endpoint";
        var stored = await before.ScalarAsync<string>(sql, null, Token);

        await using var other = await StartAsync(
            before, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), retired: null);
        Assert.Equal(0, await ResealerOf(other).ResealAsync(Token));

        Assert.Equal(stored, await before.ScalarAsync<string>(sql, null, Token));
    }

    [Fact]
    public async Task A_secret_whose_day_after_the_rotation_is_over_is_erased()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.ConfigureAsync(Token, rotateSecret: true);
        const string sql = "SELECT count(*) FROM webhooks.endpoint WHERE previous_secret IS NOT NULL";
        await ResealerOf(host).EraseExpiredAsync(Token);
        Assert.Equal(1, await host.ScalarAsync<long>(sql, null, Token));

        await host.ExecuteAsync(
            "UPDATE webhooks.endpoint SET previous_secret_until = previous_secret_until - interval '24 hours'", null,
            Token);
        await ResealerOf(host).EraseExpiredAsync(Token);

        Assert.Equal(0, await host.ScalarAsync<long>(sql, null, Token));
    }

    private static ResealSecrets ResealerOf(WebhooksHost host) =>
        host.Services.GetServices<IHostedService>().OfType<ResealSecrets>().Single();

    private static Task<WebhooksHost> StartAsync(WebhooksHost before, string key, string? retired)
    {
        var settings = new Dictionary<string, string?> { ["Webhooks:EncryptionKey"] = key };
        if (retired is not null)
        {
            settings["Webhooks:RetiredEncryptionKeys:0"] = retired;
        }

        return WebhooksHost.StartAsync(Token, replicaOn: before.Database, settings: settings);
    }
}
