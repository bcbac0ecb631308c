extern alias sandbox;

using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Deposits.Tests;

/// <summary>The Sandbox service itself as the outside of a test: its chain, its rates, its faults to order.</summary>
internal sealed class SandboxWorld : IAsyncDisposable
{
    private const string FaucetToken = "faucet-token";
    private const string Host = "http://sandbox.example";

    /// <summary>The master of the sandbox's USDT.</summary>
    public const string Master = "0:a149cbe6d9c26f4c39ad944cbe03c6b165358394f6e439708647fb043a6410df";

    private readonly TestDatabase _database;
    private readonly ServiceFactory<sandbox::Program> _service;
    private readonly HttpClient _client;

    private SandboxWorld(TestDatabase database)
    {
        _database = database;
        _service = new ServiceFactory<sandbox::Program>("sandbox", database, new Dictionary<string, string?>
        {
            ["Sandbox:RailToken"] = "rail-token",
            ["Sandbox:FaucetToken"] = FaucetToken,
            ["Sandbox:CallbackSecret"] = "callback-secret",
            ["Sandbox:CallbackUrl"] = "http://127.0.0.1:9/",
        });
        _client = _service.CreateClient();
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", FaucetToken);
    }

    public static async Task<SandboxWorld> StartAsync() =>
        new(await TestDatabase.CreateAsync(typeof(sandbox::Program).Assembly, DepositsHost.Token));

    /// <summary>Deposits with the samples' merchant, this sandbox being its outside.</summary>
    public Task<DepositsHost> StartDepositsAsync(
        Action<Dictionary<string, string?>>? change = null, bool watches = false) =>
        DepositsHost.StartWithMerchantAsync(settings =>
        {
            settings["Deposits:Worlds:Test:ChainUrl"] = $"{Host}/chain";
            settings["Deposits:Worlds:Test:FaucetUrl"] = $"{Host}/faucet/v1/transfers";
            settings["Deposits:Worlds:Test:RateSources:0:Url"] = $"{Host}/rates/v1/usdt-rub";
            settings["Deposits:Worlds:Test:JettonMaster"] = Master;
            settings.Remove("Deposits:Worlds:Test:JettonWalletCodeHash");
            settings["Deposits:Worlds:Test:ChainRequestsPerSecond"] = "1000";
            change?.Invoke(settings);
        }, watches, outside: _service.Server.CreateHandler());

    /// <summary>Sends to the samples' merchant unless told otherwise.</summary>
    public async Task<string> SendAsync(
        decimal amount, string scenario = "transfer", string? comment = null, int count = 1, int lateBlocks = 0,
        string? fromAddress = null)
    {
        using var answer = await _client.PostAsJsonAsync("/faucet/v1/transfers", new
        {
            toAddress = Samples.OwnerFriendly, amount, scenario, comment, count, lateBlocks, fromAddress,
        }, DepositsHost.Token);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var body = await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(DepositsHost.Token);
        return body.GetProperty("txHash").GetString()!;
    }

    /// <summary>Orders that requests to the chain fail.</summary>
    public async Task FailAsync(string kind, int requests = 1, int seconds = 1, string? path = null)
    {
        using var answer = await _client.PostAsJsonAsync(
            "/faucet/v1/chain-faults", new { kind, requests, seconds, path }, DepositsHost.Token);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    /// <summary>Takes back what is left of the faults.</summary>
    public async Task HealAsync()
    {
        using var answer = await _client.DeleteAsync(new Uri("/faucet/v1/chain-faults", UriKind.Relative), DepositsHost.Token);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    /// <summary>The chain is some blocks older than a moment ago.</summary>
    public async Task NextBlockAsync(int blocks = 1)
    {
        await using var connection = new NpgsqlConnection(_database.OwnerConnectionString);
        await connection.OpenAsync(DepositsHost.Token);
        await using var command = new NpgsqlCommand(
            $"UPDATE sandbox.chain SET genesis_at = genesis_at - interval '{blocks} seconds'", connection);
        await command.ExecuteNonQueryAsync(DepositsHost.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
        await _database.DisposeAsync();
    }
}
