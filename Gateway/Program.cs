using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Messaging;

var builder = ServiceHost.CreateBuilder("gateway", args);
builder.AddMessaging(_ => { });
return await builder.RunServiceAsync(args, _ => { });
