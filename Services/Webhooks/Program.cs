using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Webhooks;
using ArdorQr.Webhooks.Features;

var builder = ServiceHost.CreateBuilder("webhooks", args);
builder.AddWebhooks();
builder.AddMessaging(consumers => consumers
    .Add<AnnounceDepositPending>(AnnounceDepositPending.Queue)
    .Add<AnnounceDepositCredited>(AnnounceDepositCredited.Queue)
    .Add<AnnouncePaymentProcessing>(AnnouncePaymentProcessing.Queue)
    .Add<AnnouncePaymentCompleted>(AnnouncePaymentCompleted.Queue)
    .Add<AnnouncePaymentFailed>(AnnouncePaymentFailed.Queue));
return await builder.RunServiceAsync(args, app =>
{
    var api = app.MapPublicApi();
    api.MapListDeliveries();
    api.MapResendDelivery();
    api.MapSendTestEvent();
    RecoverDeliveries.Map(api);
    DiagnoseEndpoint.Map(api);
    ExplainSignature.Map(api);

    var settings = app.MapInternalApi("webhooks:configure");
    settings.MapReadEndpoint();
    ConfigureEndpoint.Map(settings);
    var reconciliation = app.MapInternalApi(Reconcile.Scope);
    Reconcile.Map(reconciliation);
    reconciliation.MapReadBook();
    app.MapRecovery("webhooks");
});
