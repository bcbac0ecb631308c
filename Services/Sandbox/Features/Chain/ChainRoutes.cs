namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>The sandbox's chain: toncenter's API v3 as far as a watcher of deposits needs it, a faucet,
/// and faults to order.</summary>
internal static class ChainRoutes
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapChain()
        {
            var api = routes.MapGroup("/chain/api/v3").AddEndpointFilter(ChainFaults.FilterAsync);
            api.MapGetMasterchainInfo();
            api.MapListJettonTransfers();
            api.MapListJettonWallets();
            api.MapListTransactions();
            api.MapListTransactionsByMessage();
            api.MapRunGetMethod();
            routes.MapSendFromFaucet();
            routes.MapOrderChainFault();
        }
    }
}
