using ArdorQr.Gateway.Features;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Messaging;

var builder = ServiceHost.CreateBuilder("gateway", args);
builder.AddMessaging(consumers =>
{
    consumers.Add<KeepCheckpoint>(KeepCheckpoint.Queue);
    consumers.Add<NoticeDisabledEndpoint>(NoticeDisabledEndpoint.Queue);
});
builder.AddGateway();
return await builder.RunServiceAsync(args, app => app.MapGateway());
