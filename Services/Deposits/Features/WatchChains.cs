using ArdorQr.Deposits.Clients;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Deposits.Features;

/// <summary>Runs one <see cref="WatchChain"/> per world that is set up.</summary>
internal sealed class WatchChains(Worlds worlds, IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(worlds.All.Select(world => Task.Run(() => WatchOf(services, world).RunAsync(stoppingToken), stoppingToken)));

    /// <summary>A watch with all that it works with, for one world.</summary>
    internal static WatchChain WatchOf(IServiceProvider services, World world)
    {
        var chain = new ToncenterChain(services.GetRequiredService<IHttpClientFactory>(), world.Mode);
        var settle = ActivatorUtilities.CreateInstance<SettleDeposit>(services, world);
        return ActivatorUtilities.CreateInstance<WatchChain>(
            services,
            world,
            chain,
            ActivatorUtilities.CreateInstance<DiscoverDeposits>(services, world, chain),
            ActivatorUtilities.CreateInstance<VerifyDeposits>(services, world, chain, settle));
    }
}
