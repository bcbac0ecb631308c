using ArdorQr.Testing;

namespace ArdorQr.Ledger.Tests;

public sealed class HealthTests
{
    [Fact]
    public async Task The_service_is_ready_on_a_migrated_database()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, cancellationToken);
        await using var service = new ServiceFactory<Program>("ledger", database);
        using var client = service.CreateClient();

        using var response = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);

        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }
}
