using System.Collections.Concurrent;
using System.Diagnostics;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ArdorQr.Webhooks.Tests;

/// <summary>The dispatcher at work, on a clock that stands still unless a test moves it.</summary>
public sealed class DispatcherTests
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_is_sent_at_once_without_waiting_for_a_poll()
    {
        await using var host = await StartAsync();
        await host.ConfigureAsync(Token);
        var message = Events.PaymentCompleted(host.MerchantId);

        await host.PublishAsync(message, Token);

        Assert.Equal(message.EventId.ToString(), (await host.Receiver.NextAsync(Token)).Header("X-Ardor-Event-Id"));
    }

    [Fact]
    public async Task What_another_process_left_behind_is_found_by_polling()
    {
        await using var host = await StartAsync();
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(500);
        await host.OweAsync(Token);
        await host.Receiver.NextAsync(Token);
        await Eventually.TrueAsync(
            async () => (await host.DeliveryAsync(Token)).GetProperty("attempts").GetArrayLength() == 1, Token);
        await host.MakeDueAsync(Token);

        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(host.Receiver.Count == 2);
        }, Token);
    }

    [Fact]
    public async Task An_endpoint_that_hangs_takes_its_share_of_attempts_and_delays_nobody()
    {
        const int share = 8;
        await using var host = await StartAsync();
        await using var hanging = await Receiver.StartAsync(Token);
        hanging.Hang();
        var slowMerchant = WebhooksHost.NewId();
        await host.ConfigureAsync(Token, hanging.Url, merchantId: slowMerchant);
        await host.ConfigureAsync(Token);
        for (var count = 0; count < 3 * share; count++)
        {
            await host.OweAsync(Token, slowMerchant);
        }

        for (var count = 0; count < share; count++)
        {
            await hanging.NextAsync(Token);
        }

        for (var count = 0; count < 10; count++)
        {
            await host.OweAsync(Token);
            await host.Receiver.NextAsync(Token);
        }

        Assert.Equal(share, hanging.Count);
    }

    [Fact]
    public async Task An_answer_counts_within_15_seconds_and_not_after()
    {
        await using var host = await WebhooksHost.StartAsync(Token, services: WithTime);
        await host.ConfigureAsync(Token);
        var answer = new TaskCompletionSource();
        host.Receiver.Answering = context => answer.Task.WaitAsync(context.RequestAborted);

        await host.OweAsync(Token);
        var inTime = host.DeliverDueAsync(Token);
        await host.Receiver.NextAsync(Token);
        _time.Advance(TimeSpan.FromSeconds(14.9));
        answer.SetResult();
        await inTime;
        Assert.Equal("delivered", (await host.DeliveryAsync(Token)).GetProperty("status").GetString());

        host.Receiver.Hang();
        var eventId = await host.OweAsync(Token);
        var tooLate = host.DeliverDueAsync(Token);
        await host.Receiver.NextAsync(Token);
        _time.Advance(TimeSpan.FromSeconds(15.1));
        await tooLate;
        var delivery = Assert.Single(await host.DeliveriesAsync(Token, $"?eventId={eventId}"));
        Assert.Equal("timeout", delivery.GetProperty("attempts")[0].GetProperty("error").GetString());
        Assert.Equal(15_100, delivery.GetProperty("attempts")[0].GetProperty("durationMs").GetInt32());
    }

    [Fact]
    public async Task A_webhook_belongs_to_the_trace_of_its_event()
    {
        using var source = new ActivitySource("ArdorQr.Webhooks.Tests");
        await using var host = await StartAsync();
        await host.ConfigureAsync(Token);
        ActivityTraceId trace;
        using (var change = source.StartActivity("a merchant's request"))
        {
            trace = change!.TraceId;
            await host.PublishAsync(Events.PaymentCompleted(host.MerchantId), Token);
        }

        var received = await host.Receiver.NextAsync(Token);

        Assert.StartsWith($"00-{trace}-", received.Header("traceparent"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_secret_and_no_signature_is_logged()
    {
        using var log = new KeptLog();
        await using var host = await WebhooksHost.StartAsync(
            Token, services: services => services.AddSingleton<ILoggerProvider>(log),
            settings: new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Default"] = "Trace",
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Trace",
            });
        var first = await host.ConfigureAsync(Token);
        var second = await host.ConfigureAsync(Token, rotateSecret: true);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var signature = (await host.Receiver.NextAsync(Token)).Header("X-Ardor-Signature");

        Assert.Contains(log.Lines, line => line.Contains("attempt 1", StringComparison.Ordinal)); // The log is on.
        foreach (var secret in new[] { first!, second!, WebhooksHost.EncryptionKey,
            signature.Split("v1=")[1].TrimEnd(','), "Ромашка" })
        {
            Assert.DoesNotContain(log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("Production", true, false)]
    [InlineData("Production", false, true)]
    [InlineData("Staging", true, false)]
    [InlineData("Development", true, true)]
    public void Receivers_on_this_machine_are_a_setting_of_development_only(
        string environment, bool allowed, bool starts)
    {
        var options =
            new WebhooksOptions { EncryptionKey = WebhooksHost.EncryptionKey, AllowLoopbackReceivers = allowed };
        var rules = new WebhooksOptionsRules(new HostingEnvironment { EnvironmentName = environment });

        Assert.Equal(starts, rules.Validate(null, options).Succeeded);
    }

    private Task<WebhooksHost> StartAsync() => WebhooksHost.StartAsync(Token, dispatching: true, services: WithTime);

    /// <summary>Tokens are made by the machine's clock and so are checked by it.</summary>
    internal static void WithTime(IServiceCollection services, FakeTimeProvider time) => services
        .Replace(ServiceDescriptor.Singleton<TimeProvider>(time))
        .PostConfigureAll<TokenAuthenticationOptions>(options => options.TimeProvider = TimeProvider.System);

    private void WithTime(IServiceCollection services) => WithTime(services, _time);

    private sealed class KeptLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}
