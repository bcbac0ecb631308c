using ArdorQr.Ledger;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Features;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.ServiceDefaults.Recovery;

var builder = ServiceHost.CreateBuilder("ledger", args);
builder.Services.AddSingleton<LedgerMetrics>();

builder.AddCheckpoints();
builder.AddAudit();
builder.AddRecovery();

// Before the messaging: the engine starts before the consumers and stops after them.
builder.Services.AddSingleton<PostingEngine>();
builder.Services.AddHostedService(provider => provider.GetRequiredService<PostingEngine>());
builder.AddMessaging(consumers => consumers
    .Add<PostDeposit>(PostDeposit.Queue)
    .Add<SettlePayment>(SettlePayment.Queue)
    .Add<RefundPayment>(RefundPayment.Queue)
    .Add<BookDiscrepancy>(BookDiscrepancy.Queue));
return await builder.RunServiceAsync(args, app =>
{
    var merchants = app.MapPublicApi();
    merchants.MapGetBalance();
    merchants.MapListOperations();
    merchants.MapGetCheckpoint();

    var payments = app.MapInternalApi("ledger:debit");
    payments.MapPostDebit();
    payments.MapGetDebit();
    payments.MapVoidDebit();
    app.MapInternalApi("ledger:read").MapGetWalletBalance();
    app.MapInternalApi("ledger:adjust").MapPostAdjustment();
    var reconciliation = app.MapInternalApi(GetReconciliation.Scope);
    reconciliation.MapGetReconciliation();
    reconciliation.MapReadBook();
    app.MapRecovery("ledger");
});
