using ArdorQr.Deposits;
using ArdorQr.Deposits.Features;
using ArdorQr.Deposits.Features.Recovery;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.ServiceDefaults.Recovery;

var builder = ServiceHost.CreateBuilder("deposits", args);
builder.AddDeposits();
builder.AddRecovery();
builder.Services.AddRecoveryStep<ReadChainAgain>();
builder.Services.AddRecoveryStep<AnnounceAgain>();
builder.AddMessaging(consumers => consumers
    .Add<RegisterAddress>(RegisterAddress.Queue)
    .Add<MarkCredited>(MarkCredited.Queue));
return await builder.RunServiceAsync(args, app =>
{
    var api = app.MapPublicApi();
    api.MapGetDepositAddress();
    api.MapListDeposits();
    api.MapGetDeposit();
    api.MapCreateTestDeposit();
    app.MapInternalApi(GetQuote.Scope).MapGetQuote();
    var reconciliation = app.MapInternalApi(GetReconciliation.Scope);
    reconciliation.MapGetReconciliation();
    reconciliation.MapReadBook();
    app.MapRecovery("deposits");
    var operators = app.MapInternalApi(DepositsSetup.OperatorScope);
    operators.MapListHeldDeposits();
    operators.MapDecideDeposit();
});
