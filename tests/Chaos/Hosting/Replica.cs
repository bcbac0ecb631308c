using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Chaos.Hosting;

/// <summary>Where a replica's program comes from: this build, or another release's built repository.</summary>
/// <param name="Repository">The root of the repository that was built.</param>
/// <param name="Configuration">Debug or Release.</param>
internal sealed record Release(string Repository, string Configuration)
{
    public static Release Own { get; } = new(ChaosFolder.Repository, ChaosFolder.Configuration);

    /// <summary>Where appsettings.json is: the gateway's routes.</summary>
    public string FolderOf(string service) =>
        Path.Combine(Repository, service == "gateway" ? NameOf(service) : $"Services/{NameOf(service)}");

    public string ProgramOf(string service) =>
        Path.Combine(FolderOf(service), "bin", Configuration, "net10.0", $"ArdorQr.{NameOf(service)}.dll");

    private static string NameOf(string service) => char.ToUpperInvariant(service[0]) + service[1..];
}

/// <summary>One process of a service, with a network of its own to the database and to the broker.</summary>
internal sealed class Replica : IAsyncDisposable
{
    private const int HealthSeconds = 5;

    private readonly HttpClient _http;
    private ServerProcess? _process;

    public Replica(string service, int index, Ports ports, Postgres postgres, Rabbit rabbit)
    {
        (Service, Name, Listens) = (service, $"{service}-{index}", ports);
        DatabaseLink = new TcpProxy(() => postgres.Port, FreePorts.Next());
        BrokerLink = new TcpProxy(() => rabbit.Port, FreePorts.Next());
        _http = new HttpClient
        {
            BaseAddress = new Uri($"http://127.0.0.1:{ports.Operator ?? ports.Public}"),
            Timeout = TimeSpan.FromSeconds(HealthSeconds),
        };
    }

    public string Service { get; }

    public string Name { get; }

    public Ports Listens { get; }

    public TcpProxy DatabaseLink { get; }

    public TcpProxy BrokerLink { get; }

    public ServerProcess Process =>
        _process ?? throw new InvalidOperationException($"{Name} has no program yet.");

    /// <param name="Public">Of its own API.</param>
    /// <param name="Operator">The gateway's second listener.</param>
    internal sealed record Ports(int Public, int? Operator);

    /// <summary>As the application's role, through the link.</summary>
    public static string ConnectionString(string service, int port) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = $"{service}_app",
        Password = $"{service}-chaos",
        Database = service,
        MaxPoolSize = 20,
    }.ConnectionString;

    public Task ReadyAsync(bool restart, CancellationToken cancellationToken) =>
        Process.ReadyAsync(() => IsReadyAsync(cancellationToken), restart, cancellationToken);

    public void Use(ServerProcess process) => _process = process;

    /// <summary>Stopped in peace and started again, by another release's program where one is given.</summary>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> RestartAsync(ServerProcess? process, CancellationToken cancellationToken)
    {
        var inPeace = await Process.StopAsync(cancellationToken);
        _process = process ?? _process;
        Process.Start();
        return inPeace;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        await DatabaseLink.DisposeAsync();
        await BrokerLink.DisposeAsync();
        _http.Dispose();
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
