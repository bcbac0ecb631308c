using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Features;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ArdorQr.Deposits;

/// <summary>Registers what Deposits consists of: its worlds with their clients, and the watch over them.</summary>
internal static class DepositsSetup
{
    /// <summary>The scope of what operators do to deposits.</summary>
    public const string OperatorScope = "deposits:operate";

    private const int FaucetTimeoutSeconds = 10;
    private const int RateTimeoutSeconds = 3; // The watch waits for it.
    private const int MaxChainAnswerBytes = 32 * 1024 * 1024;
    private const int MaxAnswerBytes = 1024 * 1024;

    public static void AddDeposits(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<WorldsOptions>, WorldsOptionsValidator>();
        services.AddSingleton<IValidateOptions<WorldsOptions>, WorldsOptionsRules>();
        services.AddOptionsWithValidateOnStart<WorldsOptions>().BindConfiguration(WorldsOptions.Section);
        services.AddSingleton<Worlds>();
        foreach (var mode in Mode.All)
        {
            foreach (var use in Enum.GetValues<ChainUse>())
            {
                services.AddHttpClient(
                        ToncenterChain.ClientName(mode, use), (provider, client) => SetUpChain(provider, mode, client))
                    .AddHttpMessageHandler(
                        provider => new ChainBudget.Handler(provider.GetRequiredService<ChainBudget>(), mode, use));
            }

            services.AddHttpClient(
                ToncenterChain.SecondClientName(mode), (provider, client) => SetUpSecondChain(provider, mode, client));
        }

        services.AddHttpClient(RateSources.ClientName, client => Limit(client, RateTimeoutSeconds, MaxAnswerBytes));
        services.AddHttpClient(FaucetClient.ClientName, client => Limit(client, FaucetTimeoutSeconds, MaxAnswerBytes));
        services.AddSingleton<ChainBudget>();
        services.AddSingleton<RateSources>();
        services.AddSingleton<ReferenceRates>();
        services.AddSingleton<TakeRate>();
        services.AddSingleton<DecideDeposit>();
        services.TryAddSingleton<ISourceScreen, ListedSources>();
        services.AddSingleton<FaucetClient>();
        services.AddSingleton<WatchStatus>();
        services.AddHealthChecks().AddCheck<WatchStatus>("chains");
        services.AddHostedService<WatchChains>();
    }

    private static void SetUpChain(IServiceProvider provider, Mode mode, HttpClient client)
    {
        var options = OptionsOf(provider, mode);
        SetUpIndex(client, options.ChainUrl!, options.ChainApiKey, options);
    }

    private static void SetUpSecondChain(IServiceProvider provider, Mode mode, HttpClient client)
    {
        var options = OptionsOf(provider, mode);
        SetUpIndex(client, options.SecondChainUrl!, options.SecondChainApiKey, options);
    }

    private static WorldOptions OptionsOf(IServiceProvider provider, Mode mode) =>
        provider.GetRequiredService<Worlds>().Find(mode)?.Options
            ?? throw new InvalidOperationException($"There is no {mode.Code} world.");

    private static void SetUpIndex(HttpClient client, string url, string? key, WorldOptions options)
    {
        client.BaseAddress = new Uri(url.TrimEnd('/') + "/api/v3/");
        client.DefaultRequestHeaders.Add("X-No-Address-Book", "true");
        client.DefaultRequestHeaders.Add("X-No-Metadata", "true");
        if (!string.IsNullOrWhiteSpace(key))
        {
            client.DefaultRequestHeaders.Add("X-API-Key", key);
        }

        Limit(client, options.ChainTimeoutSeconds, MaxChainAnswerBytes);
    }

    private static void Limit(HttpClient client, int timeoutSeconds, int maxAnswerBytes)
    {
        client.Timeout = TimeSpan.FromSeconds(timeoutSeconds);
        client.MaxResponseContentBufferSize = maxAnswerBytes;
    }
}
