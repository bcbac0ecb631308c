using System.Security.Cryptography;
using ArdorQr.Sandbox;
using ArdorQr.Sandbox.Domain;
using ArdorQr.Sandbox.Features;
using ArdorQr.Sandbox.Features.Chain;
using ArdorQr.Sandbox.Features.Rail;
using ArdorQr.Sandbox.Features.Rates;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Messaging;
using Microsoft.Extensions.Options;

var builder = ServiceHost.CreateBuilder("sandbox", args);
builder.Services.AddSingleton<IValidateOptions<SandboxOptions>, SandboxOptionsValidator>();
builder.Services.AddOptionsWithValidateOnStart<SandboxOptions>().BindConfiguration(SandboxOptions.Section);
builder.Services.AddHttpClient(SendCallbacks.ClientName);
builder.Services.AddSingleton<SendCallbacks>();
builder.Services.AddHostedService(provider => provider.GetRequiredService<SendCallbacks>());
builder.Services.AddSingleton<FreshCode.Draw>(RandomNumberGenerator.GetInt32);
builder.AddMessaging(_ => { });
return await builder.RunServiceAsync(args, app =>
{
    app.MapChain();
    app.MapRail();
    app.MapPublicApi().MapIssueQrCode();
    app.MapGetUsdtRub();
});
