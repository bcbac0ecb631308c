using System.Diagnostics;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>What is done to the cluster itself: its clock, its log, and the scripts of deploy/backup.</summary>
public sealed partial class RestoreTests
{
    private static async Task<DateTimeOffset> TimeAsync(string superuser)
    {
        await using var source = NpgsqlDataSource.Create(superuser);
        await using var command = source.CreateCommand("SELECT clock_timestamp()");
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(Token))!);
    }

    /// <summary>As archive_timeout does after a while: what is in the log so far reaches the archive.</summary>
    private async Task SwitchLogAsync(string superuser)
    {
        await using var source = NpgsqlDataSource.Create(superuser);
        await using var command = source.CreateCommand("SELECT pg_walfile_name(pg_switch_wal())");
        var segment = Path.Combine(Archive, (string)(await command.ExecuteScalarAsync(Token))!);
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(segment)), Token);
    }

    private static NpgsqlConnectionStringBuilder Of(string superuser) => new(superuser);

    /// <summary>Runs a script of deploy/backup; returns what it prints.</summary>
    private static async Task<string> RunAsync(string script, NpgsqlConnectionStringBuilder? server, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "backup", script), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (server is not null)
        {
            start.Environment["PGHOST"] = server.Host;
            start.Environment["PGPORT"] = $"{server.Port}";
            start.Environment["PGUSER"] = server.Username;
            start.Environment["PGPASSWORD"] = server.Password;
        }

        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, $"{script} failed: {await error}");
        return await output;
    }
}
