using ArdorQr.Gateway.Features;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Messaging;

var builder = ServiceHost.CreateBuilder("gateway", args);
builder.AddMessaging(_ => { }); // The Gateway only announces.
builder.AddGateway();
return await builder.RunServiceAsync(args, app => app.MapGateway());
