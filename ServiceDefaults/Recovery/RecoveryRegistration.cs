using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Recovery;

/// <summary>Recovery mode of a service: its gate, its job, and the routes by which the Gateway shows and ends it.</summary>
public static class RecoveryRegistration
{
    /// <summary>How a service tells of its recovery.</summary>
    /// <param name="Episode">Null when the setting isn't given, or the job hasn't begun yet.</param>
    /// <param name="IsRestored">Whether the setting is given.</param>
    public sealed record State(bool IsRestored, RecoveryEpisode? Episode);

    private sealed record EndRequest
    {
        public required string Operator { get; init; }

        public required string Reason { get; init; }
    }

    /// <summary>The scope of a service's recovery.</summary>
    public static string ScopeOf(string service) => $"{service}:recover";

    public static void AddRecovery(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<RecoveryOptions>, RecoveryOptionsValidator>();
        services.AddOptionsWithValidateOnStart<RecoveryOptions>().BindConfiguration(RecoveryOptions.Section);
        services.AddSingleton(provider => new RecoveryGate(provider.GetRequiredService<IOptions<RecoveryOptions>>()));
        services.AddSingleton(provider => new RecoveryState(
            provider.GetRequiredService<ServiceDatabase>(), provider.GetRequiredService<IOptions<RecoveryOptions>>()));
        services.AddHostedService<MatchOutside>();
    }

    /// <summary>Adds a step that must be through before the service's recovery can end.</summary>
    public static void AddRecoveryStep<TStep>(this IServiceCollection services)
        where TStep : class, IRecoveryStep =>
        services.AddSingleton<IRecoveryStep, TStep>();

    /// <summary>GET /internal/recovery and POST /internal/recovery/end.</summary>
    public static void MapRecovery(this IEndpointRouteBuilder routes, string service)
    {
        var group = routes.MapInternalApi(ScopeOf(service));
        group.MapGet("/recovery", async ([FromServices] RecoveryState state, CancellationToken cancellationToken) =>
            Results.Ok(await state.ReadAsync(cancellationToken)));
        group.MapPost("/recovery/end", EndAsync);
    }

    private static async Task<IResult> EndAsync(
        HttpContext context, [FromServices] RecoveryState state, CancellationToken cancellationToken)
    {
        var request = await JsonBody.ReadAsync<EndRequest>(context, cancellationToken);
        return Results.Ok(await state.EndAsync(request.Operator, request.Reason, cancellationToken));
    }
}

/// <summary>Reads and ends the recovery of this service's database.</summary>
public sealed class RecoveryState
{
    private readonly ServiceDatabase _database;
    private readonly DateTimeOffset? _since;

    internal RecoveryState(ServiceDatabase database, IOptions<RecoveryOptions> options) =>
        (_database, _since) = (database, options.Value.Since);

    public async Task<RecoveryRegistration.State> ReadAsync(CancellationToken cancellationToken)
    {
        if (_since is not { } since)
        {
            return new(IsRestored: false, null);
        }

        await using var connection = await _database.OpenAsync(cancellationToken);
        return new(IsRestored: true, await RecoveryEpisodes.FindAsync(connection, since, cancellationToken));
    }

    /// <summary>Ends it; repeating that is harmless.</summary>
    /// <exception cref="RejectedException">409: something is still open.</exception>
    public async Task<RecoveryRegistration.State> EndAsync(string by, string reason, CancellationToken cancellationToken)
    {
        if (_since is not { } since)
        {
            return new(IsRestored: false, null);
        }

        await using var connection = await _database.OpenAsync(cancellationToken);
        return await RecoveryEpisodes.EndAsync(connection, since, by, reason, cancellationToken) is { EndedAt: not null } ended
            ? new(IsRestored: true, ended)
            : throw new RejectedException(RecoveryErrors.NotMatched);
    }
}
