using ArdorQr.Payments;
using ArdorQr.ServiceDefaults.Hosting;

var builder = ServiceHost.CreateBuilder("payments", args);
builder.AddPayments();
return await builder.RunServiceAsync(args, app => app.MapPayments());
