using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>
/// The peer of an HTTP debit's latency: Kestrel, a POST that inserts and commits one row, nothing else. Runs as a process
/// of its own, as the service does.
/// </summary>
internal static class BareEndpoint
{
    public const string Command = "serve-bare-endpoint";
    public const string Path = "/rows";

    private const string CreateSql =
        "CREATE TABLE IF NOT EXISTS bare_row (id uuid PRIMARY KEY, amount bigint NOT NULL, created_at timestamptz NOT NULL)";

    private const string InsertSql = "INSERT INTO bare_row (id, amount, created_at) VALUES ($1, $2, clock_timestamp())";

    public static async Task RunAsync(string connectionString, string port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await using (var create = dataSource.CreateCommand(CreateSql))
        {
            await create.ExecuteNonQueryAsync();
        }

        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.MapPost(Path, async (HttpContext context, CancellationToken cancellationToken) =>
        {
            var body = await context.Request.ReadFromJsonAsync<Body>(cancellationToken);
            await using var command = dataSource.CreateCommand(InsertSql);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = body!.Id });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = body.AmountMinor });
            await command.ExecuteNonQueryAsync(cancellationToken);
            return Results.Ok(new { body.Id, status = "posted" });
        });
        await app.RunAsync();
    }

    private sealed record Body(Guid Id, long AmountMinor);
}
