using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Clients;

/// <summary>Asks a test network's faucet to send USDT to an address.</summary>
internal sealed class FaucetClient(IHttpClientFactory clients)
{
    public const string ClientName = "faucet";

    private static readonly JsonSerializerOptions Reading = new(JsonSerializerDefaults.Web); // Later faucets may say more.

    internal sealed record Request(string ToAddress, Usdt Amount);

    internal sealed record Answer(string? TxHash);

    /// <summary>Sends; returns the transfer's transaction, which the deposit will name too.</summary>
    /// <exception cref="HttpRequestException">The faucet is away, refuses, or answers what can't be read.</exception>
    public async Task<ChainHash> SendAsync(World world, TonAddress owner, Usdt amount, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(ClientName);
        using var request = new HttpRequestMessage(HttpMethod.Post, world.Options.FaucetUrl)
        {
            Content = JsonContent.Create(
                new Request(owner.ToFriendly(bounceable: false, testOnly: world.IsTestNetwork), amount),
                options: ApiJson.Options),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", world.Options.FaucetToken);
        using var response = await client.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        try
        {
            var answer = await response.Content.ReadFromJsonAsync<Answer>(Reading, cancellationToken);
            return ChainHash.Parse(answer?.TxHash);
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            throw new HttpRequestException("The faucet named no transaction.", exception);
        }
    }
}
