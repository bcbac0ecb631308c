using System.Collections.Frozen;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Timeout;

namespace ArdorQr.Payments.Clients;

/// <summary>The rails by mode: a mode without a configured one has none.</summary>
internal sealed class Rails
{
    private readonly FrozenDictionary<string, RailClient> _byMode;

    public Rails(
        IOptions<PaymentsOptions> options, IHttpClientFactory factory, TimeProvider time, ILogger<RailClient> logger) =>
        _byMode = Mode.All
            .Where(mode => options.Value.Rails.Of(mode) is not null)
            .ToFrozenDictionary(
                mode => mode.Code, mode => new RailClient(mode, options.Value.Rails.Of(mode)!, factory, time, logger));

    public RailClient? Of(Mode mode) => _byMode.GetValueOrDefault(mode.Code);

    /// <summary>The rails that call themselves so in callbacks' paths: none, one, or both worlds'.</summary>
    public IReadOnlyList<RailClient> Named(string name) => [.. _byMode.Values.Where(rail => rail.Name == name)];

    /// <summary>The longest that one call to any rail may take.</summary>
    public int LongestTimeoutSeconds => _byMode.Values.Select(rail => rail.TimeoutSeconds).DefaultIfEmpty(1).Max();
}

/// <summary>How the calls to rails and to Ledger are bounded: time-outs, repetitions and circuit breakers.</summary>
internal static class ClientRegistration
{
    private const int LedgerTimeoutSeconds = 6;
    private const int LedgerAttemptTimeoutSeconds = 3;

    // The test rail fails on purpose: only calls that break or time out nearly always may open a breaker.
    private const double BreakerFailureRatio = 0.9;
    private const int BreakerMinimumThroughput = 20;
    private const int BreakerSamplingSeconds = 10;

    public static IServiceCollection AddPaymentsClients(this IServiceCollection services)
    {
        services.AddSingleton<Rails>();
        foreach (var mode in Mode.All)
        {
            services.AddRailHttpClient(mode);
        }

        services.AddServiceClient<LedgerClient>("ledger", LedgerClient.Scope).AddLedgerResilience();
        services.AddServiceClient<LedgerBalanceClient>("ledger", LedgerBalanceClient.Scope).AddLedgerResilience();
        services.AddServiceClient<DepositsClient>("deposits", DepositsClient.Scope);
        return services;
    }

    private static void AddRailHttpClient(this IServiceCollection services, Mode mode)
    {
        services.AddHttpClient(RailClient.HttpClientOf(mode), (provider, client) =>
            {
                var url = OptionsOf(provider, mode).Url!.AbsoluteUri;
                client.BaseAddress = new Uri(url.EndsWith('/') ? url : url + '/');
                client.Timeout = Timeout.InfiniteTimeSpan; // The pipeline below has the time-out; RailClient limits the body.
            })
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            })
            .AddResilienceHandler("rail", (pipeline, context) =>
            {
                var rail = OptionsOf(context.ServiceProvider, mode);
                pipeline.AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
                {
                    FailureRatio = BreakerFailureRatio,
                    MinimumThroughput = BreakerMinimumThroughput,
                    SamplingDuration = TimeSpan.FromSeconds(BreakerSamplingSeconds),
                    BreakDuration = TimeSpan.FromSeconds(rail.BreakSeconds),
                    ShouldHandle = static args => ValueTask.FromResult(
                        args.Outcome.Exception is HttpRequestException or TimeoutRejectedException),
                });
                pipeline.AddTimeout(TimeSpan.FromSeconds(rail.TimeoutSeconds));
                if (rail.Retries > 0)
                {
                    pipeline.AddRetry(RetriesOf(rail));
                }
            })
            // A breaker for each: codes can be read while submissions hang, and the other way round.
            .SelectPipelineBy(static _ => static request =>
                request.RequestUri!.OriginalString.EndsWith(RailClient.ResolvePath, StringComparison.Ordinal)
                    ? "resolve"
                    : "transfers");
    }

    private static RailOptions OptionsOf(IServiceProvider provider, Mode mode) =>
        provider.GetRequiredService<IOptions<PaymentsOptions>>().Value.Rails.Of(mode)!;

    /// <summary>
    /// A broken connection is tried again at once, except for a submission: that has a schedule of its own.
    /// </summary>
    private static HttpRetryStrategyOptions RetriesOf(RailOptions rail) => new()
    {
        MaxRetryAttempts = rail.Retries,
        Delay = TimeSpan.FromMilliseconds(100),
        BackoffType = DelayBackoffType.Constant,
        ShouldHandle = static args => ValueTask.FromResult(
            args.Outcome.Exception is HttpRequestException
                && args.Context.GetRequestMessage()?.Method != HttpMethod.Put),
    };

    /// <summary>Every call to Ledger may be repeated: a debit by its id, the rest only reads.</summary>
    private static void AddLedgerResilience(this IHttpClientBuilder builder) =>
        builder.ConfigureHttpClient(client => client.Timeout = Timeout.InfiniteTimeSpan)
            .AddResilienceHandler("ledger", pipeline => pipeline
                .AddTimeout(TimeSpan.FromSeconds(LedgerTimeoutSeconds))
                .AddRetry(new HttpRetryStrategyOptions
                {
                    MaxRetryAttempts = 1,
                    Delay = TimeSpan.FromMilliseconds(100),
                    BackoffType = DelayBackoffType.Constant,
                })
                .AddTimeout(TimeSpan.FromSeconds(LedgerAttemptTimeoutSeconds)));
}
