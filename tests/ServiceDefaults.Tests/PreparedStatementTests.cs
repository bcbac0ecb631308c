using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>A connection keeps what it sends again and again prepared, and goes on when a release changes the tables.</summary>
public sealed class PreparedStatementTests
{
    private const string Statement = "SELECT event_id FROM messaging.outbox WHERE event_id = @id";
    private const int Times = 6; // Once more than Npgsql waits for.

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_statement_is_prepared()
    {
        await using var service = await TestService.StartAsync(Token);
        await using var connection = await service.Database.OpenAsync(Token);

        await RepeatAsync(connection);

        var prepared = await connection.QuerySingleAsync<long>(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT event_id FROM messaging.outbox%'", new { }, Token);
        Assert.Equal(1, prepared);
    }

    [Fact]
    public async Task A_column_that_the_next_release_adds_does_not_trouble_it()
    {
        await using var service = await TestService.StartAsync(Token);
        await using var connection = await service.Database.OpenAsync(Token);
        await RepeatAsync(connection);

        await using (var owner = new NpgsqlConnection(service.TestDatabase.OwnerConnectionString))
        {
            await owner.OpenAsync(Token);
            await owner.ExecuteAsync("ALTER TABLE messaging.outbox ADD COLUMN of_the_next_release text", new { }, Token);
        }

        await RepeatAsync(connection);
    }

    private static async Task RepeatAsync(NpgsqlConnection connection)
    {
        for (var time = 0; time < Times; time++)
        {
            await connection.QueryAsync<Guid>(Statement, new { id = Guid.Empty }, Token);
        }
    }
}
