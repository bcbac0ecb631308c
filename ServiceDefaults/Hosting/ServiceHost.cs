using System.Reflection;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using MassTransit;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>
/// What every service starts with and how it starts: <c>{service}</c> runs it, <c>{service} migrate</c> prepares its
/// database and queues and exits, <c>{service} health</c> asks the running one whether it is ready.
/// </summary>
public static partial class ServiceHost
{
    private const string Migrate = "migrate";
    private const int ConfigurationError = 78; // EX_CONFIG of sysexits.h.
    private const int ShutdownTimeoutSeconds = 15;

    /// <summary>Our statements are short: starting workers for one takes many times as long as the statement itself.</summary>
    private const string NoParallelWorkers = "-c max_parallel_workers_per_gather=0";

    /// <summary>
    /// What a connection has sent five times it keeps prepared: a short statement takes longer to plan than to run. All name
    /// their columns, so that a newer release's migration may add some meanwhile. Behind a pooler that can't keep them, the
    /// connection string says <c>Max Auto Prepare=0</c>.
    /// </summary>
    private const int MaxPreparedStatements = 200;

    private const string MaxAutoPrepare = "Max Auto Prepare";

    /// <param name="service">The service's name: its database, audience and telemetry name.</param>
    /// <param name="args">The command line.</param>
    public static WebApplicationBuilder CreateBuilder(string service, string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = JsonBody.MaxBytes;
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new Connections(service, builder.Configuration));
        builder.Services.AddSingleton(new Launch(IsMigration: args is [Migrate, ..]));
        builder.Services.AddSingleton<FaultHook>();
        builder.Services.AddSingleton<IValidateOptions<FaultOptions>, FaultOptionsValidator>();
        builder.Services.AddOptionsWithValidateOnStart<FaultOptions>().BindConfiguration(FaultOptions.Section);
        builder.Services.AddSingleton(provider => DataSource(provider.GetRequiredService<Connections>(), provider));
        builder.Services.AddSingleton<ServiceDatabase>();
        builder.Services.AddSingleton<GroupCommit>();
        builder.Services.AddSingleton<Migrator>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(ShutdownTimeoutSeconds));
        builder.Services.ConfigureHttpJsonOptions(options => ApiJson.Configure(options.SerializerOptions));
        builder.AddTelemetry(service);
        builder.AddHealth();
        builder.AddIdentity(service);
        builder.Services.AddServiceDiscovery();
        builder.Services.AddReplicas();
        return builder;
    }

    /// <summary>Does what the command line asks for. Returns the process's exit code.</summary>
    public static async Task<int> RunServiceAsync(this WebApplicationBuilder builder, string[] args, Action<WebApplication> map)
    {
        if (args is ["health", ..])
        {
            return await HealthProbe.RunAsync(builder.Configuration["HTTP_PORTS"], CancellationToken.None);
        }

        if (!builder.Environment.IsDevelopment())
        {
            builder.Services.AddSingleton<RefuseForgetfulDatabase>();
            builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>( // Before anything is taken on.
                provider => provider.GetRequiredService<RefuseForgetfulDatabase>()));
        }

        await using var app = builder.Build();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ServiceHost));
        if (args is [Migrate, ..])
        {
            return await MigrateAsync(app, logger);
        }

        if (SettingFaults.Of(app.Services) is { Count: > 0 } faults)
        {
            return CannotStart(logger, faults);
        }

        app.MapService(map); // Not sooner: it asks for parts that can't be made of incomplete settings.
        var durability = app.Services.GetService<RefuseForgetfulDatabase>();
        try
        {
            await app.RunAsync();
            return durability is { HasRefused: true } ? ConfigurationError : 0;
        }
        catch (ForgetfulDatabaseException exception)
        {
            return CannotStart(logger, exception.Faults);
        }
    }

    internal static WebApplication BuildService(this WebApplicationBuilder builder, Action<WebApplication> map)
    {
        var app = builder.Build();
        app.MapService(map);
        return app;
    }

    private static void MapService(this WebApplication app, Action<WebApplication> map)
    {
        app.UseMetrics();
        app.UseMiddleware<ErrorEnvelopeMiddleware>();
        if (app.Services.GetService<IAuthenticationSchemeProvider>() is not null)
        {
            app.UseAuthentication();
            app.UseAuthorization();
        }

        app.MapHealth();
        map(app);
    }

    private static NpgsqlDataSource DataSource(Connections connections, IServiceProvider provider)
    {
        var builder = new NpgsqlDataSourceBuilder(connections.Database);
        builder.UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>());
        // A reset costs as much as a statement, and ours leave nothing behind on a session: settings are SET LOCAL.
        builder.ConnectionStringBuilder.NoResetOnClose = true;
        builder.ConnectionStringBuilder.ApplicationName = connections.Service;
        builder.ConnectionStringBuilder.Options ??= NoParallelWorkers;
        if (!builder.ConnectionStringBuilder.ShouldSerialize(MaxAutoPrepare))
        {
            builder.ConnectionStringBuilder.MaxAutoPrepare = MaxPreparedStatements;
        }

        return builder.Build();
    }

    private static async Task<int> MigrateAsync(WebApplication app, ILogger logger)
    {
        var connections = app.Services.GetRequiredService<Connections>();
        if (connections.MigrationFaults().ToList() is { Count: > 0 } faults)
        {
            return CannotStart(logger, faults);
        }

        try
        {
            var stopping = app.Lifetime.ApplicationStopping;
            await app.Services.GetRequiredService<Migrator>().MigrateAsync(
                connections.Owner, connections.Database, Assembly.GetEntryAssembly()!, stopping);
            if (app.Services.GetService<IBusControl>() is { } bus)
            {
                await bus.DeployAsync(stopping); // Queues and bindings exist before any dispatcher of any service runs.
            }

            return 0;
        }
        catch (Exception exception)
        {
            LogMigrationFailed(logger, exception.Message, exception);
            return 1;
        }
    }

    private static int CannotStart(ILogger logger, IEnumerable<string> faults)
    {
        LogCannotStart(logger, string.Join(Environment.NewLine, faults.Select(fault => $"  - {fault}")));
        return ConfigurationError;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The service can't start; its settings are incomplete or wrong:\n{Faults}")]
    private static partial void LogCannotStart(ILogger logger, string faults);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The migration failed: {Reason}")]
    private static partial void LogMigrationFailed(ILogger logger, string reason, Exception exception);
}
