using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>A merchant with a test key and a server for webhooks, who knows only the public API.</summary>
internal sealed class Merchant : IAsyncDisposable
{
    private HttpClient _client;

    private Merchant(HttpClient client, WebhookReceiver webhooks) => (_client, Webhooks) = (client, webhooks);

    public WebhookReceiver Webhooks { get; }

    /// <summary>The Authorization header of the merchant's test key.</summary>
    public string Authorization => _client.DefaultRequestHeaders.Authorization!.ToString();

    /// <summary>An answer: its status and its JSON.</summary>
    internal sealed record Answer(HttpStatusCode Status, JsonElement Body, HttpResponseHeaders Headers)
    {
        public string Text(string name) => Body.GetProperty(name).GetString()!;

        public long Number(string name) => Body.GetProperty(name).GetInt64();

        public string? ErrorCode => Body.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;

        public Answer Expect(HttpStatusCode status) =>
            Status == status ? this : throw new InvalidOperationException($"Expected {(int)status}, got {(int)Status}: {Body}");
    }

    /// <summary>Registers a merchant by the operator's API and sets up its webhooks by the public one.</summary>
    public static async Task<Merchant> RegisterAsync(RunningSystem system, CancellationToken cancellationToken)
    {
        await system.RestoreAsync(cancellationToken);
        var registered = await system.RegisterMerchantAsync("ООО Проверка", cancellationToken);
        var client = system.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", registered.GetProperty("keys").GetProperty("test").GetProperty("secret").GetString());
        var contract = await PublishedContract.ReadAsync(client, cancellationToken);
        var merchant = new Merchant(client, await WebhookReceiver.StartAsync(contract, cancellationToken));

        // A new merchant is usable within 3 s of its registration.
        await Eventually.TrueAsync(
            async () => (await merchant.GetAsync("/v1/deposit-address", cancellationToken)).Status == HttpStatusCode.OK, cancellationToken);
        var endpoint = await merchant.SendAsync(HttpMethod.Put, "/v1/webhooks", new { url = merchant.Webhooks.Url }, cancellationToken);
        merchant.Webhooks.Secret = endpoint.Expect(HttpStatusCode.OK).Text("secret");
        return merchant;
    }

    /// <summary>Goes on with the same key and the same server for webhooks, wherever the gateway is now.</summary>
    public void MoveTo(RunningSystem system)
    {
        var client = system.CreateClient();
        client.DefaultRequestHeaders.Authorization = _client.DefaultRequestHeaders.Authorization;
        _client.Dispose();
        _client = client;
    }

    public Task<Answer> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, cancellationToken);

    public Task<Answer> PostAsync(string path, object? body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, cancellationToken);

    public async Task<long> BalanceAsync(CancellationToken cancellationToken) =>
        (await GetAsync("/v1/balance", cancellationToken)).Expect(HttpStatusCode.OK).Number("balanceMinor");

    /// <summary>Sends USDT on the sandbox chain, and waits for the webhook that says it is credited.</summary>
    public async Task<JsonElement> TopUpAsync(decimal usdt, CancellationToken cancellationToken)
    {
        var transfer = await SendTestDepositAsync(usdt, cancellationToken);
        return (await Webhooks.WaitAsync(
            "deposit.credited", data => data.GetProperty("txHash").GetString() == transfer, cancellationToken)).Data;
    }

    /// <summary>Sends USDT on the sandbox chain; returns the transaction's hash.</summary>
    public async Task<string> SendTestDepositAsync(decimal usdt, CancellationToken cancellationToken) =>
        (await RetryAsync(() => PostAsync("/v1/test/deposits", new { amount = usdt }, cancellationToken), cancellationToken))
            .Expect(HttpStatusCode.Accepted).Text("txHash");

    public async Task<string> FreshQrAsync(string kind, long amountMinor, CancellationToken cancellationToken) =>
        (await RetryAsync(() => PostAsync("/v1/test/qr-codes", new { kind, amountMinor }, cancellationToken), cancellationToken))
            .Expect(HttpStatusCode.Created).Text("qr");

    /// <summary>Prepares and confirms a payment of a fresh code, again until it is accepted; returns its id.</summary>
    public async Task<string> PayAsync(string kind, long amountMinor, CancellationToken cancellationToken)
    {
        var qr = await FreshQrAsync(kind, amountMinor, cancellationToken);
        var payment = (await RetryAsync(() => PostAsync("/v1/payments", new { qr }, cancellationToken), cancellationToken))
            .Expect(HttpStatusCode.Created);
        var id = payment.Text("id");
        (await RetryAsync(() => PostAsync($"/v1/payments/{id}/confirm", null, cancellationToken), cancellationToken)).Expect(HttpStatusCode.OK);
        return id;
    }

    public Task<WebhookReceiver.Received> PaymentEventAsync(string type, string paymentId, CancellationToken cancellationToken) =>
        Webhooks.WaitAsync(type, data => data.GetProperty("id").GetString() == paymentId, cancellationToken);

    public async Task<IReadOnlyList<JsonElement>> OperationsAsync(CancellationToken cancellationToken) =>
        [.. (await GetAsync("/v1/operations?limit=100", cancellationToken)).Expect(HttpStatusCode.OK).Body.GetProperty("operations").EnumerateArray()];

    public async Task<Answer> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await _client.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return new(response.StatusCode, JsonSerializer.Deserialize<JsonElement>(text), response.Headers);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Webhooks.DisposeAsync();
    }

    /// <summary>What a client should do with a 5xx: the same again.</summary>
    private static async Task<Answer> RetryAsync(Func<Task<Answer>> send, CancellationToken cancellationToken)
    {
        Answer? answer = null;
        await Eventually.TrueAsync(
            async () =>
            {
                answer = await send();
                return answer.Status < HttpStatusCode.InternalServerError;
            },
            cancellationToken,
            limitSeconds: 120);
        return answer!;
    }
}
