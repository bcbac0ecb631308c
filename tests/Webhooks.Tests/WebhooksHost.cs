using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Features;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ArdorQr.Webhooks.Tests;

/// <summary>
/// The service on a database of its own with one merchant and one receiver. Unless <c>dispatching</c>, nothing is sent
/// but by <see cref="DeliverDueAsync"/>, so that a test knows when an attempt is over.
/// </summary>
internal sealed class WebhooksHost : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly ServiceFactory<Program> _factory;
    private readonly bool _isReplica;

    private WebhooksHost(TestDatabase database, ServiceFactory<Program> factory, Receiver receiver, bool isReplica) =>
        (_database, _factory, Receiver, _isReplica) = (database, factory, receiver, isReplica);

    public static string EncryptionKey { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public Receiver Receiver { get; }

    public Guid MerchantId { get; } = NewId();

    public IServiceProvider Services => _factory.Services;

    public TestDatabase Database => _database;

    public ITestHarness Harness => Services.GetRequiredService<ITestHarness>();

    /// <summary>The merchant's client, as the Gateway lets it through.</summary>
    public HttpClient Merchant(Mode? mode = null) =>
        _factory.ClientOf(TestIdentity.Caller(MerchantId, mode ?? Mode.Test));

    public HttpClient ClientOf(CallerIdentity caller) => _factory.ClientOf(caller);

    public HttpClient Gateway(string scope = "webhooks:configure") => _factory.ClientOfService("gateway", scope);

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static async Task<WebhooksHost> StartAsync(
        CancellationToken cancellationToken, bool dispatching = false, Action<IServiceCollection>? services = null,
        IReadOnlyDictionary<string, string?>? settings = null, TestDatabase? replicaOn = null)
    {
        var database = replicaOn ?? await TestDatabase.CreateAsync(typeof(Program).Assembly, cancellationToken);
        var all = new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>());
        all.TryAdd("Webhooks:EncryptionKey", EncryptionKey);
        all.TryAdd("Webhooks:AllowLoopbackReceivers", "true");
        all.TryAdd("Logging:LogLevel:Default", "Warning");
        all.TryAdd("Logging:LogLevel:Microsoft.AspNetCore", "Warning");
        var factory = new ServiceFactory<Program>("webhooks", database, all, collection =>
        {
            if (!dispatching)
            {
                collection.Remove(
                    collection.Single(service => service.ImplementationType == typeof(DispatchDeliveries)));
            }

            services?.Invoke(collection);
        });
        return new WebhooksHost(database, factory, await Receiver.StartAsync(cancellationToken), replicaOn is not null);
    }

    /// <summary>PUT of the endpoint's settings, as the Gateway passes it on.</summary>
    public Task<HttpResponseMessage> PutAsync(
        object body, CancellationToken cancellationToken, Mode? mode = null, Guid? merchantId = null) =>
        Gateway().PutAsJsonAsync(
            $"/internal/endpoints/{merchantId ?? MerchantId}/{mode ?? Mode.Test}", body, cancellationToken);

    /// <summary>
    /// Points the endpoint at the receiver (or at <paramref name="url"/>); returns the secret at the first time.
    /// </summary>
    public async Task<string?> ConfigureAsync(
        CancellationToken cancellationToken, string? url = null, bool rotateSecret = false, Guid? merchantId = null)
    {
        using var response = await PutAsync(
            new { url = url ?? Receiver.Url, rotateSecret }, cancellationToken, merchantId: merchantId);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        Assert.True(response.IsSuccessStatusCode, body.ToString());
        return body.GetProperty("secret").GetString();
    }

    /// <summary>Publishes an event and waits until it was consumed.</summary>
    public async Task PublishAsync<TEvent>(TEvent message, CancellationToken cancellationToken)
        where TEvent : class, IIntegrationEvent
    {
        await Harness.Bus.Publish(message, cancellationToken);
        Assert.True(await Harness.Consumed.Any<TEvent>(
            consumed =>
                consumed.Context.Message.EventId == message.EventId && consumed.Exception is null, cancellationToken));
    }

    /// <summary>Stores one event's delivery without the bus.</summary>
    public async Task<Guid> OweAsync(CancellationToken cancellationToken, Guid? merchantId = null)
    {
        var message = Events.PaymentCompleted(merchantId ?? MerchantId);
        await Services.GetRequiredService<EventIntake>().StoreAsync(
            AnnouncePaymentCompleted.Queue,
            new OwnerEvent(
                message.EventId, message.MerchantId, message.Mode, "payment.completed", message.CreatedAt,
                message.Payment),
            cancellationToken);
        return message.EventId;
    }

    public async Task<IReadOnlyList<ClaimedDelivery>> ClaimAsync(CancellationToken cancellationToken)
    {
        await using var connection = await Services.GetRequiredService<ServiceDatabase>().OpenAsync(cancellationToken);
        return await DeliveryClaims.TakeAsync(connection, new ClaimLimits(100, 100, 100, 100), cancellationToken);
    }

    public Task AttemptAsync(ClaimedDelivery claim, CancellationToken cancellationToken) =>
        Services.GetRequiredService<AttemptDelivery>().ExecuteAsync(claim, answered: null, cancellationToken);

    /// <summary>Attempts all that is due and returns how many that were.</summary>
    public async Task<int> DeliverDueAsync(CancellationToken cancellationToken)
    {
        var claims = await ClaimAsync(cancellationToken);
        await Task.WhenAll(claims.Select(claim => AttemptAsync(claim, cancellationToken)));
        return claims.Count;
    }

    /// <summary>As if the waits until the next attempts were over, and the leases too.</summary>
    public Task MakeDueAsync(CancellationToken cancellationToken) => ExecuteAsync(
        """
        UPDATE webhooks.delivery SET next_attempt_at = clock_timestamp() - interval '1 second', leased_until = NULL
        WHERE status = 'pending'
        """,
        null, cancellationToken);

    public async Task ExecuteAsync(string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await _database.Database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, parameters, cancellationToken);
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await _database.Database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<T>(sql, parameters, cancellationToken);
    }

    /// <summary>The log of deliveries, newest first.</summary>
    public async Task<IReadOnlyList<JsonElement>> DeliveriesAsync(
        CancellationToken cancellationToken, string query = "", Mode? mode = null)
    {
        var body = await Merchant(mode)
            .GetFromJsonAsync<JsonElement>($"/v1/webhooks/deliveries{query}", cancellationToken);
        return [.. body.GetProperty("deliveries").EnumerateArray()];
    }

    /// <summary>A merchant's POST; its status and its answer.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(
        string path, object body, CancellationToken cancellationToken, HttpClient? client = null)
    {
        using var response = await (client ?? Merchant()).PostAsJsonAsync(path, body, cancellationToken);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken));
    }

    public async Task<JsonElement> DeliveryAsync(CancellationToken cancellationToken) =>
        Assert.Single(await DeliveriesAsync(cancellationToken));

    public async Task<JsonElement> EndpointAsync(CancellationToken cancellationToken, Mode? mode = null) =>
        await Gateway()
            .GetFromJsonAsync<JsonElement>($"/internal/endpoints/{MerchantId}/{mode ?? Mode.Test}", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Receiver.DisposeAsync();
        await _factory.DisposeAsync();
        if (!_isReplica)
        {
            await _database.DisposeAsync();
        }
    }
}
