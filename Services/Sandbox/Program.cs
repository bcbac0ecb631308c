using ArdorQr.Sandbox;
using ArdorQr.Sandbox.Features.Chain;
using ArdorQr.Sandbox.Features.Rates;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Messaging;
using Microsoft.Extensions.Options;

var builder = ServiceHost.CreateBuilder("sandbox", args);
builder.Services.AddSingleton<IValidateOptions<SandboxOptions>, SandboxOptionsValidator>();
builder.Services.AddOptionsWithValidateOnStart<SandboxOptions>().BindConfiguration(SandboxOptions.Section);
builder.AddMessaging(_ => { });
return await builder.RunServiceAsync(args, app =>
{
    app.MapChain();
    app.MapGetUsdtRub();
});
