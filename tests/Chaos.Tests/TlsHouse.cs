using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ArdorQr.Chaos.Hosting;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Chaos.Tests;

/// <summary>
/// Gateway and Ledger with a PostgreSQL and a RabbitMQ, each reached over TLS only by what the page on security says to
/// set, with certificates of an authority that no system knows.
/// </summary>
internal sealed class TlsHouse : IAsyncDisposable
{
    private const string OperatorToken = "an-operators-token-for-tls-tests";

    private readonly string _folder = Directory.CreateTempSubdirectory("ardorqr-tls-test-").FullName;
    private readonly List<ServerProcess> _services = [];
    private readonly HttpClient _http = new();
    private readonly Postgres _postgres;
    private readonly Rabbit _rabbit;
    private readonly TlsAuthority _authority;
    private readonly int _brokerPort = FreePorts.Next();

    private TlsHouse()
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101); // PostgreSQL's account must pass through.
        }

        _authority = new TlsAuthority(_folder, "authority");
        OtherAuthority = new TlsAuthority(_folder, "other");
        _postgres = new Postgres("postgres", _folder);
        _rabbit = new Rabbit(_folder, AdvancedConfig());
    }

    /// <summary>Of nobody's certificate here.</summary>
    public TlsAuthority OtherAuthority { get; }

    public TlsAuthority Authority => _authority;

    public int LedgerPort { get; } = FreePorts.Next();

    public static async Task<TlsHouse> StartAsync(CancellationToken cancellationToken)
    {
        var house = new TlsHouse();
        try
        {
            await Task.WhenAll(house._postgres.StartAsync(cancellationToken), house._rabbit.StartAsync(cancellationToken));
            await house.ServeTlsAsync(cancellationToken);
            await house.MigrateAsync("ledger", cancellationToken);
            await house.MigrateAsync("gateway", cancellationToken);
            return house;
        }
        catch
        {
            await house.DisposeAsync();
            throw;
        }
    }

    /// <summary>With https for callers and http for probes; ready.</summary>
    public async Task StartLedgerAsync(CancellationToken cancellationToken)
    {
        var (certificate, key) = _authority.Issue("ledger");
        var probes = FreePorts.Next();
        var settings = SettingsOf("ledger", _authority);
        settings["ASPNETCORE_URLS"] = $"https://127.0.0.1:{LedgerPort};http://127.0.0.1:{probes}";
        settings["Kestrel__Certificates__Default__Path"] = certificate;
        settings["Kestrel__Certificates__Default__KeyPath"] = key;
        await StartAsync("ledger", settings, async () => await StatusAsync(probes, cancellationToken) == "Healthy", cancellationToken);
    }

    /// <summary>A gateway that trusts one authority; returns its ports when it answers.</summary>
    public async Task<(int Public, int Operators)> StartGatewayAsync(
        string name, TlsAuthority trusted, CancellationToken cancellationToken)
    {
        var (open, operators) = (FreePorts.Next(), FreePorts.Next());
        var settings = SettingsOf("gateway", trusted);
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{open};http://127.0.0.1:{operators}";
        settings["Gateway__OperatorPort"] = $"{operators}";
        settings["Operator__Token"] = OperatorToken;
        settings["services__ledger__https__0"] = $"https://127.0.0.1:{LedgerPort}";
        foreach (var absent in (string[])["deposits", "payments", "webhooks", "sandbox"])
        {
            settings[$"services__{absent}__https__0"] = $"https://127.0.0.1:{FreePorts.Next()}"; // Not of this house.
        }

        await StartAsync(name, settings, async () => await StatusAsync(operators, cancellationToken) is not null, cancellationToken);
        return (open, operators);
    }

    /// <summary>A new merchant's test key.</summary>
    public async Task<string> RegisterAsync(int operators, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{operators}/operator/merchants")
        {
            Content = JsonContent.Create(new { name = "TLS" }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", OperatorToken);
        using var response = await _http.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonNode.Parse(body)!["keys"]!["test"]!["secret"]!.GetValue<string>();
    }

    /// <summary>The status of GET /v1/balance, which Ledger answers.</summary>
    public async Task<int> BalanceAsync(int gateway, string key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{gateway}/v1/balance");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await _http.SendAsync(request, cancellationToken);
        return (int)response.StatusCode;
    }

    /// <summary>Returns once a service's log has such a line.</summary>
    public Task LoggedAsync(string name, string text, CancellationToken cancellationToken)
    {
        var log = _services.Single(service => service.Name == name).Log;
        return Eventually.TrueAsync(
            async () => (await File.ReadAllTextAsync(log, cancellationToken)).Contains(text, StringComparison.Ordinal),
            cancellationToken, otherwise: () => File.ReadAllText(log));
    }

    /// <summary>What /health/ready says of the whole; null when nobody answers.</summary>
    public async Task<string?> StatusAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"), cancellationToken);
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!["status"]!.GetValue<string>();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async Task<long> CountAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await _postgres.OpenAsync(null, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>As a service connects, trusting one authority.</summary>
    public string ConnectionString(string service, TlsAuthority trusted) =>
        $"{Replica.ConnectionString(service, _postgres.Port)};SSL Mode=VerifyFull;Root Certificate={trusted.File}";

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string AdvancedConfig()
    {
        var (certificate, key) = _authority.Issue("rabbitmq");
        var file = Path.Combine(_folder, "advanced.config");
        File.WriteAllText(
            file,
            $$"""
            [{rabbit, [
              {ssl_listeners, [{"127.0.0.1", {{_brokerPort}}}]},
              {ssl_options, [{cacertfile, "{{_authority.File}}"}, {certfile, "{{certificate}}"}, {keyfile, "{{key}}"}]}
            ]}].
            """);
        return file;
    }

    /// <summary>The server's own files; a role gets in over TLS only, but for the superuser, who makes the roles.</summary>
    private async Task ServeTlsAsync(CancellationToken cancellationToken)
    {
        var data = Path.Combine(_folder, "postgres");
        var (certificate, key) = _authority.Issue("postgres");
        foreach (var (from, to) in new[] { (certificate, "server.crt"), (key, "server.key") })
        {
            File.Copy(from, Path.Combine(data, to));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(Path.Combine(data, to), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            if (Environment.UserName == "root")
            {
                using var change = Process.Start("/bin/chown", ["postgres:postgres", Path.Combine(data, to)]);
                await change.WaitForExitAsync(cancellationToken);
            }
        }

        await File.WriteAllTextAsync(
            Path.Combine(data, "pg_hba.conf"),
            "host all postgres 127.0.0.1/32 scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n", cancellationToken);
        await _postgres.ExecuteAsync(null, "ALTER SYSTEM SET ssl = on", cancellationToken);
        await _postgres.ExecuteAsync(null, "SELECT pg_reload_conf()", cancellationToken);
    }

    private async Task MigrateAsync(string service, CancellationToken cancellationToken)
    {
        await _postgres.ExecuteAsync(null, $"CREATE DATABASE {service}", cancellationToken);
        var settings = SettingsOf(service, _authority);
        settings[$"ConnectionStrings__{service}-owner"] =
            $"{_postgres.OwnerConnectionString(service)};SSL Mode=VerifyFull;Root Certificate={_authority.File}";
        await using var migration = new ServerProcess(
            $"{service}-migrate", _folder, ["dotnet", Release.Own.ProgramOf(service), "migrate"], settings);
        await migration.RunAsync(cancellationToken);
    }

    private async Task StartAsync(
        string name, Dictionary<string, string?> settings, Func<Task<bool>> ready, CancellationToken cancellationToken)
    {
        var service = new ServerProcess(name, _folder, ["dotnet", Release.Own.ProgramOf(name.Split('-')[0])], settings);
        _services.Add(service);
        service.Start();
        await service.ReadyAsync(ready, restart: false, cancellationToken);
    }

    private Dictionary<string, string?> SettingsOf(string service, TlsAuthority trusted)
    {
        var settings = TestIdentity.Settings(service).ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings["SSL_CERT_FILE"] = trusted.File;
        settings[$"ConnectionStrings__{service}"] = ConnectionString(service, _authority);
        settings["ConnectionStrings__broker"] =
            _rabbit.UriBy(_brokerPort).Replace("amqp://", "amqps://", StringComparison.Ordinal);
        settings["ASPNETCORE_CONTENTROOT"] = Release.Own.FolderOf(service);
        settings["Logging__LogLevel__Default"] = "Warning";
        return settings;
    }
}
