using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Features.Recovery;
using ArdorQr.ServiceDefaults.Recovery;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>GET /operator/recovery: how far each service is with the matching after a restore.</summary>
internal static class ShowRecovery
{
    /// <param name="Service">Its name.</param>
    /// <param name="Restored">Whether it runs with <c>Recovery:Since</c>.</param>
    /// <param name="Since">The time of the restored state.</param>
    /// <param name="BegunAt">From when on nothing left any more.</param>
    /// <param name="MatchedAt">When the last round began that left nothing open.</param>
    /// <param name="WaitsFor">What the last round left open.</param>
    /// <param name="EndedAt">When an operator ended it.</param>
    /// <param name="EndedBy">Who.</param>
    /// <param name="Reason">Why.</param>
    internal sealed record ServiceView(
        string Service, bool Restored, DateTimeOffset? Since, DateTimeOffset? BegunAt, DateTimeOffset? MatchedAt,
        string? WaitsFor, DateTimeOffset? EndedAt, string? EndedBy, string? Reason)
    {
        /// <summary>Whether an operator may end it.</summary>
        public bool IsMatched => Restored && MatchedAt is not null && WaitsFor is null;

        public static ServiceView Of(string service, RecoveryRegistration.State state) => new(
            service, state.IsRestored, state.Episode?.Since, state.Episode?.BegunAt, state.Episode?.MatchedAt,
            state.Episode?.WaitsFor, state.Episode?.EndedAt, state.Episode?.EndedBy, state.Episode?.Reason);
    }

    /// <param name="Matched">All were restored to one time, and none has anything open.</param>
    /// <param name="Ended">Nothing is held back.</param>
    /// <param name="FirstNumber">From which number on merchants are registered; null before the jump.</param>
    /// <param name="Services">Each.</param>
    internal sealed record Response(
        bool Matched, bool Ended, long? FirstNumber, IReadOnlyList<ServiceView> Services)
    {
        public static Response Of(IReadOnlyList<ServiceView> services, long? firstNumber) => new(
            services.All(service => service.IsMatched) && services.Select(service => service.Since).Distinct().Count() == 1,
            services.All(service => service is not { Restored: true, EndedAt: null }), firstNumber, services);
    }

    public static void MapShowRecovery(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/recovery", HandleAsync).WithName(nameof(ShowRecovery));

    internal static async Task<Response> ReadAsync(
        RecoveryClient services, JumpNumbers numbers, CancellationToken cancellationToken)
    {
        var views = await Task.WhenAll(RecoveryClient.Services.Select(async service =>
            ServiceView.Of(service, await services.ReadAsync(service, cancellationToken))));
        return Response.Of(views, await numbers.FirstAsync(cancellationToken));
    }

    private static async Task<IResult> HandleAsync(
        [FromServices] RecoveryClient services, [FromServices] JumpNumbers numbers,
        CancellationToken cancellationToken) =>
        Results.Ok(await ReadAsync(services, numbers, cancellationToken));
}
