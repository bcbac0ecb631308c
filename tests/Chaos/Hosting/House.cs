using System.Globalization;
using System.Security.Cryptography;
using ArdorQr.Testing;

namespace ArdorQr.Chaos.Hosting;

/// <summary>
/// The whole system as processes: replicas of every service over one PostgreSQL and one RabbitMQ. The Sandbox has a
/// PostgreSQL to itself, which nothing harms: what it holds is the truth of the outside world.
/// </summary>
internal sealed class House : IAsyncDisposable
{
    public const string OperatorToken = "an-operator-token-of-chaos-only";
    public const int CutOffSeconds = 20;
    public const int ReviewSeconds = 45;

    private const string Secret = "a-secret-of-chaos-only";
    private const int HoldSeconds = 8;

    private readonly string _folder;
    private readonly bool _sealsRows;
    private readonly List<Replica> _replicas = [];

    private House(string folder, bool sealsRows)
    {
        _folder = folder;
        _sealsRows = sealsRows;
        Postgres = new Postgres("postgres", folder);
        Truth = new Postgres("truth", folder);
        Rabbit = new Rabbit(folder);
    }

    public static IReadOnlyList<string> Services { get; } =
        ["ledger", "deposits", "payments", "webhooks", "sandbox", "gateway"];

    public Postgres Postgres { get; }

    /// <summary>The Sandbox's own.</summary>
    public Postgres Truth { get; }

    public Rabbit Rabbit { get; }

    public IReadOnlyList<Replica> Replicas => _replicas;

    public IReadOnlyList<Uri> GatewayUrls =>
        [.. Of("gateway").Select(gateway => new Uri($"http://127.0.0.1:{gateway.Listens.Public}"))];

    public IReadOnlyList<Uri> OperatorUrls =>
        [.. Of("gateway").Select(gateway => new Uri($"http://127.0.0.1:{gateway.Listens.Operator}"))];

    /// <param name="folder">Takes data and logs.</param>
    /// <param name="replicas">Of each service.</param>
    /// <param name="sealsRows">Whether Payments does: not where an older release will run.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<House> StartAsync(
        string folder, int replicas, bool sealsRows, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101); // PostgreSQL's account must pass through.
        }

        var house = new House(folder, sealsRows);
        try
        {
            await Task.WhenAll(
                house.Postgres.StartAsync(cancellationToken), house.Truth.StartAsync(cancellationToken),
                house.Rabbit.StartAsync(cancellationToken));
            house.AddReplicas(replicas);
            await house.MigrateAsync(cancellationToken);
            house._replicas.ForEach(replica => replica.Process.Start());
            await house.ReadyAsync(cancellationToken);
            return house;
        }
        catch
        {
            await house.DisposeAsync();
            throw;
        }
    }

    public IEnumerable<Replica> Of(string service) => _replicas.Where(replica => replica.Service == service);

    /// <summary>All healed: every link whole, every process running, and all of them ready.</summary>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Postgres.ReadyAsync(cancellationToken), Rabbit.ReadyAsync(cancellationToken));
        await Task.WhenAll(_replicas.Select(replica => replica.ReadyAsync(restart: true, cancellationToken)));
    }

    /// <summary>Another program for this replica, over the same databases and queues.</summary>
    public ServerProcess ProcessOf(Replica replica, Release release)
    {
        var settings = SettingsOf(replica.Service, release, replica.DatabaseLink.Port, replica.BrokerLink.Port);
        settings["ASPNETCORE_URLS"] = replica.Listens.Operator is { } operators
            ? $"http://127.0.0.1:{replica.Listens.Public};http://127.0.0.1:{operators}"
            : $"http://127.0.0.1:{replica.Listens.Public}";
        if (replica.Listens.Operator is { } port)
        {
            settings["Gateway__OperatorPort"] = port.ToString(CultureInfo.InvariantCulture);
        }

        return new ServerProcess(replica.Name, _folder, ["dotnet", release.ProgramOf(replica.Service)], settings);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_replicas.Select(replica => replica.DisposeAsync().AsTask()));
        await Rabbit.DisposeAsync();
        await Postgres.DisposeAsync();
        await Truth.DisposeAsync();
    }

    private Postgres ServerOf(string service) => service == "sandbox" ? Truth : Postgres;

    private void AddReplicas(int count)
    {
        foreach (var service in Services)
        {
            for (var index = 1; index <= count; index++)
            {
                var ports = new Replica.Ports(FreePorts.Next(), service == "gateway" ? FreePorts.Next() : null);
                _replicas.Add(new Replica(service, index, ports, ServerOf(service), Rabbit));
            }
        }

        // Only now: settings name every replica's port.
        foreach (var replica in _replicas)
        {
            replica.Use(ProcessOf(replica, Release.Own));
        }
    }

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        const int migrationsAtOnce = 3;
        await Parallel.ForEachAsync(
            Services,
            new ParallelOptions { MaxDegreeOfParallelism = migrationsAtOnce, CancellationToken = cancellationToken },
            async (service, token) =>
            {
                var server = ServerOf(service);
                await server.ExecuteAsync(null, $"CREATE DATABASE {service}", token);
                var settings = SettingsOf(service, Release.Own, server.Port, Rabbit.Port);
                settings[$"ConnectionStrings__{service}-owner"] = server.OwnerConnectionString(service);
                settings["ConnectionStrings__broker"] = Rabbit.Accounts.UriOf($"{service}-migrate", Rabbit.Port);
                await using var migration = new ServerProcess(
                    $"{service}-migrate", _folder, ["dotnet", Release.Own.ProgramOf(service), "migrate"], settings);
                await migration.RunAsync(token);
            });
    }

    private Dictionary<string, string?> SettingsOf(string service, Release release, int databasePort, int brokerPort)
    {
        var settings = TestIdentity.Settings(service).ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings[$"ConnectionStrings__{service}"] = Replica.ConnectionString(service, databasePort);
        settings["ConnectionStrings__broker"] = BrokerAccounts.AreKnownTo(release)
            ? Rabbit.Accounts.UriOf(service, brokerPort) : Rabbit.UriBy(brokerPort);
        settings["ASPNETCORE_CONTENTROOT"] = release.FolderOf(service);
        settings["ASPNETCORE_ENVIRONMENT"] = "Development"; // For a receiver of webhooks on this machine.
        settings["Logging__LogLevel__Default"] = "Warning";
        foreach (var other in Services)
        {
            foreach (var (index, replica) in Of(other).Index())
            {
                settings[$"services__{other}__http__{index}"] = $"http://127.0.0.1:{replica.Listens.Public}";
            }
        }

        settings["Payments__SealsRows"] = _sealsRows ? "true" : "false";
        foreach (var (name, value) in OwnSettings())
        {
            settings[name] = value;
        }

        return settings;
    }

    /// <summary>Each service reads its own section only.</summary>
    private static Dictionary<string, string?> OwnSettings() => new()
    {
        ["Gateway__OperatorPort"] = "1",
        ["Operator__Token"] = OperatorToken,
        ["Operator__SecondOperator"] = "false",
        ["Reconciliation__MarginSeconds"] = "1", // Asked for when all is at rest.
        ["Payments__Rails__Test__Name"] = "sandbox",
        ["Payments__Rails__Test__Environment"] = "sandbox",
        ["Payments__Rails__Test__Url"] = "http://sandbox",
        ["Payments__Rails__Test__Token"] = Secret,
        ["Payments__Rails__Test__CallbackSecret"] = Secret,
        ["Payments__EncryptionKey"] = Convert.ToBase64String(SHA256.HashData("chaos"u8)),
        ["Payments__CutOffSeconds"] = $"{CutOffSeconds}",
        ["Payments__ReviewSeconds"] = $"{ReviewSeconds}",
        // Of RFC 8032, 7.1.
        ["Deposits__Worlds__Test__PublicKey"] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ["Deposits__Worlds__Test__NetworkGlobalId"] = "-3",
        ["Deposits__Worlds__Test__JettonMaster"] = "0:a149cbe6d9c26f4c39ad944cbe03c6b165358394f6e439708647fb043a6410df",
        ["Deposits__Worlds__Test__ChainUrl"] = "http://sandbox/chain",
        ["Deposits__Worlds__Test__PollIntervalMilliseconds"] = "500",
        ["Deposits__Worlds__Test__FaucetUrl"] = "http://sandbox/faucet/v1/transfers",
        ["Deposits__Worlds__Test__FaucetToken"] = Secret,
        ["Deposits__Worlds__Test__RateSources__0__Name"] = "sandbox",
        ["Deposits__Worlds__Test__RateSources__0__Kind"] = "sandbox",
        ["Deposits__Worlds__Test__RateSources__0__Url"] = "http://sandbox/rates/v1/usdt-rub",
        ["Sandbox__RailToken"] = Secret,
        ["Sandbox__FaucetToken"] = Secret,
        ["Sandbox__CallbackSecret"] = Secret,
        ["Sandbox__CallbackUrl"] = "http://gateway/rail/callbacks/sandbox",
        ["Sandbox__HoldSeconds"] = $"{HoldSeconds}",
        ["Webhooks__AllowLoopbackReceivers"] = "true",
        ["Webhooks__EncryptionKey"] = Convert.ToBase64String(SHA256.HashData("chaos"u8)),
    };
}
