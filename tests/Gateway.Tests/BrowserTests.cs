using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ArdorQr.Gateway.Tests;

/// <summary>The published pages as a real browser shows them, with every host but ours out of its reach.</summary>
public sealed partial class BrowserTests(GatewayFixture fixture)
{
    private const int TimeLimitSeconds = 90;
    private const int VirtualMilliseconds = 15_000;

    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_reference_is_drawn_in_Russian_from_its_own_assets()
    {
        var page = await DrawnAsync("/docs/");

        foreach (var text in new[] { "ArdorQR API", "Базовый сценарий", "Выпустить новый API-ключ", "Разобрать QR", "Тестовый режим" })
        {
            Assert.Contains(text, page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_guide_is_drawn()
    {
        var page = await DrawnAsync("/docs/guide/errors");

        Assert.Contains("insufficient_funds", page, StringComparison.Ordinal);
        Assert.Contains("получатель отказался", page, StringComparison.Ordinal);
    }

    private async Task<string> DrawnAsync(string path)
    {
        var browser = Browsers.FirstOrDefault(File.Exists);
        Assert.True(browser is not null, "There is no Chromium to look at the pages with: apt-get install chromium (./test does it).");
        var profile = Directory.CreateTempSubdirectory("ardorqr-browser-");
        try
        {
            using var process = Process.Start(new ProcessStartInfo(browser!,
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", $"--user-data-dir={profile.FullName}",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", $"--virtual-time-budget={VirtualMilliseconds}",
                "--dump-dom", new Uri(fixture.Gateway.Anonymous.BaseAddress!, path).ToString(),
            ])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            limit.CancelAfter(TimeSpan.FromSeconds(TimeLimitSeconds));
            try
            {
                var errors = process.StandardError.ReadToEndAsync(limit.Token);
                var page = await process.StandardOutput.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                Assert.True(page.Length > 0, $"The browser drew nothing: {await errors}");
                return Tag().Replace(page, ""); // Scalar breaks words with tags.
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
        finally
        {
            profile.Delete(recursive: true);
        }
    }

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tag();
}
