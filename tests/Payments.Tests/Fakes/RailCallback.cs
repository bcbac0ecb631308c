using System.Security.Cryptography;
using System.Text;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests.Fakes;

/// <summary>What a rail calls back with, signed as it does.</summary>
internal static class RailCallback
{
    public static string Body(Guid id, string status) => $$"""{"transferId":"{{id}}","status":"{{status}}"}""";

    public static async Task<HttpResponseMessage> SendAsync(
        PaymentsHarness payments, string body, int ageSeconds = 0, string secret = CallbackSecret,
        string rail = "sandbox", string? header = null)
    {
        var stamp = TimeProvider.System.GetUtcNow().AddSeconds(ageSeconds).ToUnixTimeSeconds();
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{stamp}.{body}"));
        using var client = payments.AnonymousClient();
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri($"/rail/callbacks/{rail}", UriKind.Relative));
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation(
            "X-Rail-Signature", header ?? $"t={stamp},v1={Convert.ToHexStringLower(signature)}");
        return await client.SendAsync(request, Token);
    }
}
