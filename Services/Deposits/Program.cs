using ArdorQr.Deposits;
using ArdorQr.Deposits.Features;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Messaging;

var builder = ServiceHost.CreateBuilder("deposits", args);
builder.AddDeposits();
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
    var operators = app.MapInternalApi(DepositsSetup.OperatorScope);
    operators.MapListHeldDeposits();
    operators.MapDecideDeposit();
});
