using System.Globalization;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>
/// <c>{service} health</c>: asks the service that runs beside it, in the same container, whether it is ready. An image
/// without a shell or curl has no other way to say so.
/// </summary>
internal static class HealthProbe
{
    private const int DefaultPort = 8080;
    private const int TimeoutSeconds = 5;

    /// <returns>The process's exit code: 0 when it is ready.</returns>
    public static async Task<int> RunAsync(string? httpPorts, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(TimeoutSeconds) };
        try
        {
            using var answer = await client.GetAsync(
                new Uri($"http://127.0.0.1:{PortOf(httpPorts)}{Health.ReadyPath}"), cancellationToken);
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return 1;
        }
    }

    /// <summary>The last of several: the Gateway answers for its health on the operators' port only.</summary>
    private static int PortOf(string? httpPorts) =>
        int.TryParse(httpPorts?.Split(';')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? port
            : DefaultPort;
}
