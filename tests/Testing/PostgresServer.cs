using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace ArdorQr.Testing;

/// <summary>
/// The PostgreSQL of this test run: the one that <c>ARDORQR_TEST_POSTGRES</c> names, or a server of this process's own
/// (no fsync, a temporary folder, a free port), ended with it.
/// </summary>
public static class PostgresServer
{
    private const string Variable = "ARDORQR_TEST_POSTGRES";
    private const int StartTimeoutSeconds = 30;

    private static readonly Lazy<string> Started = new(Start, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>A superuser's connection string, without a database.</summary>
    public static string ConnectionString =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : Started.Value;

    private static string Start()
    {
        var binaries = Directory.GetDirectories("/usr/lib/postgresql").Order().Last() + "/bin";
        var folder = Directory.CreateTempSubdirectory("ardorqr-postgres-").FullName;
        var data = Path.Combine(folder, "data");
        if (Environment.UserName == "root")
        {
            Run("/bin/chown", "postgres", folder);
        }

        Run([.. AsServerAccount(), $"{binaries}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]);
        // As where ./test starts the server: a role gets in by its password alone.
        File.WriteAllText(
            Path.Combine(data, "pg_hba.conf"), "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        var port = FreePort();
        Run([.. AsServerAccount(), $"{binaries}/pg_ctl", "-D", data, "-w", "-t", $"{StartTimeoutSeconds}", "-l", Path.Combine(folder, "log"),
            "-o", $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300",
            "start"]);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            Run([.. AsServerAccount(), $"{binaries}/pg_ctl", "-D", data, "-m", "immediate", "stop"]);
            Directory.Delete(folder, recursive: true);
        };
        return new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = "postgres" }.ConnectionString;
    }

    private static string[] AsServerAccount() =>
        Environment.UserName == "root" ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Run(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = "/" })!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}.");
        }
    }
}
