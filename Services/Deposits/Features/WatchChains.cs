using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Runs one <see cref="WatchChain"/> per world that is set up, and the comparison of balances beside it.
/// </summary>
internal sealed partial class WatchChains(Worlds worlds, IServiceProvider services, ILogger<WatchChains> logger)
    : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var mode in Mode.All.Where(mode => worlds.Find(mode) is null))
        {
            LogNoWorld(mode.Code, string.Join(", ", WorldsOptions.NeededIn(mode)));
        }

        return Task.WhenAll(worlds.All.SelectMany(world =>
        {
            var (watch, reconcile, _) = Of(services, world);
            return new[]
            {
                Task.Run(() => watch.RunAsync(stoppingToken), stoppingToken),
                Task.Run(() => reconcile.RunAsync(stoppingToken), stoppingToken),
            };
        }));
    }

    /// <summary>A watch and what works beside it, with all that they work with, for one world.</summary>
    internal static (WatchChain Watch, ReconcileChain Reconcile, WatchSeat Seat) Of(IServiceProvider services, World world)
    {
        var clients = services.GetRequiredService<IHttpClientFactory>();
        var chain = new ToncenterChain(clients, ToncenterChain.ClientName(world.Mode));
        var slowChain = new ToncenterChain(clients, ToncenterChain.ClientName(world.Mode, ChainUse.Reconciliation));
        var second = world.Options.SecondChainUrl is null
            ? null
            : new ToncenterChain(clients, ToncenterChain.SecondClientName(world.Mode));
        var (seat, store) = (new WatchSeat(), ActivatorUtilities.CreateInstance<StoreDeposit>(services, world));
        var clear = new ClearDeposit(
            world, second is null ? null : new ReadReceipt(world, second), second,
            services.GetRequiredService<ISourceScreen>(), services.GetRequiredService<ServiceDatabase>(),
            services.GetRequiredService<ILogger<ClearDeposit>>());
        var settle = ActivatorUtilities.CreateInstance<SettleDeposit>(services, world, clear);
        var discover = ActivatorUtilities.CreateInstance<DiscoverDeposits>(services, world, chain, store);
        var verify = ActivatorUtilities.CreateInstance<VerifyDeposits>(
            services, world, new ReadReceipt(world, chain), settle);
        var replay = ActivatorUtilities.CreateInstance<ReplayWallet>(services, world, slowChain, store);
        return (
            ActivatorUtilities.CreateInstance<WatchChain>(services, world, chain, discover, verify, seat),
            ActivatorUtilities.CreateInstance<ReconcileChain>(services, world, slowChain, replay, seat),
            seat);
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Nothing is received in {Mode} mode: it isn't set up. It needs {Settings}")]
    private partial void LogNoWorld(string mode, string settings);
}
