using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.AppHost.Infrastructure;

namespace ArdorQr.AppHost.Startup;

/// <summary>
/// A merchant to begin with: registered by the operator API at the first start. Its keys are shown once, so the answer
/// is kept beside the data.
/// </summary>
internal sealed class DemoMerchant(AppHostSettings settings, KeptSecrets secrets, ServiceSet services)
{
    private const string Name = "ООО Демо";
    private const string IdempotencyKey = "demo";

    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(15);

    public async Task<Registered> GetAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(settings.DataFolder, "demo-merchant.json");
        if (!File.Exists(file))
        {
            KeptSecrets.WritePrivately(file, await RegisterAsync(cancellationToken));
        }

        var kept = await File.ReadAllTextAsync(file, cancellationToken);
        return JsonSerializer.Deserialize<Registered>(kept, JsonSerializerOptions.Web)!;
    }

    private async Task<string> RegisterAsync(CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = new(services.OperatorUrl), Timeout = _timeout };
        using var request = new HttpRequestMessage(HttpMethod.Post, "operator/merchants");
        request.Content = JsonContent.Create(new { name = Name });
        request.Headers.Authorization = new("Bearer", secrets.Password(ServiceSet.OperatorToken));
        request.Headers.Add("Idempotency-Key", IdempotencyKey);
        using var response = await client.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? body
            : throw new SetupException(
                $"the gateway refused to register the demo merchant: {(int)response.StatusCode} {body}");
    }

    internal sealed record Registered(Guid Id, KeyPair Keys);

    internal sealed record KeyPair(Key Live, Key Test);

    internal sealed record Key(string Secret);
}
