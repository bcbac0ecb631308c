using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Gateway.Clients;

/// <summary>The recovery of each service after a restore: <c>/internal/recovery</c>, and the Gateway's own.</summary>
internal sealed class RecoveryClient(
    IHttpClientFactory clients, TokenIssuer tokens, RecoveryState own, ILogger<RecoveryClient> logger)
{
    public const int TimeoutSeconds = 10;

    private const string Gateway = "gateway";

    /// <summary>All that hold something back; Payments last, so that whoever submits begins when all else is open.</summary>
    public static IReadOnlyList<string> Services { get; } = [Gateway, "ledger", "deposits", "webhooks", "payments"];

    /// <exception cref="RejectedException">503: it doesn't answer.</exception>
    public Task<RecoveryRegistration.State> ReadAsync(string service, CancellationToken cancellationToken) =>
        service == Gateway
            ? own.ReadAsync(cancellationToken)
            : CallAsync(service, HttpMethod.Get, "", null, cancellationToken);

    /// <summary>Ends it in the service; repeating that is harmless.</summary>
    /// <exception cref="RejectedException">409: something is still open there; 503: it doesn't answer.</exception>
    public Task<RecoveryRegistration.State> EndAsync(
        string service, string @operator, string reason, CancellationToken cancellationToken) =>
        service == Gateway
            ? own.EndAsync(@operator, reason, cancellationToken)
            : CallAsync(service, HttpMethod.Post, "/end", new { @operator, reason }, cancellationToken);

    private async Task<RecoveryRegistration.State> CallAsync(
        string service, HttpMethod method, string action, object? body, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(nameof(RecoveryClient));
        using var request = new HttpRequestMessage(method, new Uri($"https+http://{service}/internal/recovery{action}"));
        request.Headers.Authorization = new(
            "Bearer", tokens.IssueService(service, RecoveryRegistration.ScopeOf(service)));
        request.Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: ApiJson.Options);
        using var response = await client.SendAsync(request, cancellationToken);
        var answer = await response.ReadAsync(service, ServiceAnswers.AboutAnObject, logger, cancellationToken);
        return JsonSerializer.Deserialize<RecoveryRegistration.State>(answer, ApiJson.Options)!;
    }
}
