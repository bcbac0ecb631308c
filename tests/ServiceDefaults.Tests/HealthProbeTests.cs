using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary><c>{service} health</c>, by which an image without a shell says whether its service is ready.</summary>
public sealed class HealthProbeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(StatusCodes.Status200OK, 0)]
    [InlineData(StatusCodes.Status503ServiceUnavailable, 1)]
    public async Task It_tells_by_its_exit_code_what_the_service_answers(int status, int exitCode)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapGet("/health/ready", () => TypedResults.StatusCode(status));
        await app.StartAsync(Token);
        var port = new Uri(app.Urls.Single()).Port;

        Assert.Equal(exitCode, await HealthProbe.RunAsync($"{port}", Token));
        Assert.Equal(exitCode, await HealthProbe.RunAsync($"1;{port}", Token));

        await app.StopAsync(Token);
        Assert.Equal(1, await HealthProbe.RunAsync($"{port}", Token));
    }
}
