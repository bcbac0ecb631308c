using ArdorQr.AppHost;
using ArdorQr.AppHost.Infrastructure;
using ArdorQr.AppHost.Startup;

var builder = DistributedApplication.CreateBuilder(args);
var settings = AppHostSettings.Of(builder);
var secrets = KeptSecrets.Open(settings.DataFolder);

// One PostgreSQL with a database per service, one RabbitMQ: containers, or processes of our own without an engine.
var servers = builder.AddServers(settings, secrets);
var services = new ServiceSet(builder, servers, secrets);

var ledger = services.Add<Projects.ArdorQr_Ledger>("ledger");
var deposits = services.Add<Projects.ArdorQr_Deposits>("deposits");
var payments = services.Add<Projects.ArdorQr_Payments>("payments");
var webhooks = services.Add<Projects.ArdorQr_Webhooks>("webhooks");
var sandbox = services.Add<Projects.ArdorQr_Sandbox>("sandbox");
var gateway = services.AddGateway<Projects.ArdorQr_Gateway>(settings);

// Kept apart from the databases, so that whoever can write to one can't sign what he wrote.
ledger.WithEnvironment(
    "Ledger__Checkpoints__SigningKey", secrets.Get("ledger-checkpoints", IdentityKeys.NewPrivateKey));

// Who may call whom at once. All else goes by events.
gateway
    .WithReference(ledger).WithReference(deposits).WithReference(payments)
    .WithReference(webhooks).WithReference(sandbox);
payments.WithReference(ledger).WithReference(deposits);

// What the services reach outside; of test mode's world, only the sandbox knows that it is one.
var testWorld = new TestWorld(sandbox, secrets);
testWorld.ConnectDeposits(deposits);
testWorld.ConnectPayments(payments, gateway);
testWorld.ConnectWebhooks(webhooks);

new OperatorCommands(gateway, secrets).Add();
services.StartAfterAllMigrations();
builder.AddStartupReport(settings, secrets, services);
await builder.Build().RunAsync();
