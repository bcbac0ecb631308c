using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>Tells the payer's system that a transfer has news: signed, tried a few times, then left to its questions.</summary>
internal sealed partial class SendCallbacks(
    ServiceDatabase database, IHttpClientFactory clients, IOptions<SandboxOptions> options, TimeProvider time,
    ILogger<SendCallbacks> logger) : RepeatedJob(Interval, "Sending callbacks", time, logger)
{
    public const string ClientName = "rail-callbacks";

    private const int MaxBatch = 100;
    private const int MaxAttempts = 5;
    private const int LeaseSeconds = 5;
    private const int TimeoutSeconds = 3;

    /// <summary>With <see cref="TimeoutSeconds"/> below <see cref="LeaseSeconds"/>: no row is sent again for it.</summary>
    private const int LongestDoneSeconds = 1;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly List<long> _done = [];
    private long _doneSince;

    /// <summary>Sends one callback now; whether it was taken isn't told.</summary>
    public async Task<bool> SendAsync(Guid transferId, RailStatus status, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(TimeoutSeconds), Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var client = clients.CreateClient(ClientName);
            using var response = await client.SendAsync(Signed(transferId, status), either.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested
            && exception is HttpRequestException or OperationCanceledException)
        {
            LogNotSent(transferId, exception.Message);
            return false;
        }
    }

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        // Rows that are done go with the next ones that are taken, or by themselves before their lease runs out.
        const string leaseSql =
            $"""
            WITH due AS MATERIALIZED (
                SELECT callback_id FROM sandbox.rail_callback
                WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT @limit FOR UPDATE SKIP LOCKED),
            leased AS (
                UPDATE sandbox.rail_callback
                SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => @lease)
                WHERE callback_id IN (SELECT callback_id FROM due)
                RETURNING callback_id, transfer_id, attempts),
            gone AS (
                DELETE FROM sandbox.rail_callback
                WHERE callback_id = ANY(@done) AND (@mayWait IS FALSE OR EXISTS (SELECT FROM due))
                RETURNING callback_id)
            SELECT callback_id, attempts, {RailTransferRow.Columns} FROM leased JOIN sandbox.rail_transfer USING (transfer_id)
            """;
        var mayWait = Time.GetElapsedTime(_doneSince).TotalSeconds < LongestDoneSeconds;
        await using var connection = await database.OpenAsync(cancellationToken);
        var due = (await connection.QueryAsync<Due>(
            leaseSql, new { lease = LeaseSeconds, limit = MaxBatch, done = _done.ToArray(), mayWait }, cancellationToken)).ToList();
        if (due.Count > 0 || !mayWait)
        {
            _done.Clear();
        }

        await connection.CloseAsync();
        var isDone = await Task.WhenAll(due.Select(callback => IsDoneAsync(callback, cancellationToken)));
        if (_done.Count == 0)
        {
            _doneSince = Time.GetTimestamp();
        }

        _done.AddRange(due.Where((_, index) => isDone[index]).Select(callback => callback.CallbackId));
    }

    /// <summary>Taken by the receiver, or tried for the last time. A lease that ran out in a crash was an attempt too.</summary>
    private async Task<bool> IsDoneAsync(Due callback, CancellationToken cancellationToken) =>
        callback.Attempts > MaxAttempts
        || await SendAsync(callback.TransferId, callback.Current, cancellationToken)
        || callback.Attempts == MaxAttempts;

    private HttpRequestMessage Signed(Guid transferId, RailStatus status)
    {
        var body = JsonSerializer.Serialize(new { transferId, status = status.Status });
        var at = Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(options.Value.CallbackSecret!), Encoding.UTF8.GetBytes($"{at}.{body}"));
        return new HttpRequestMessage(HttpMethod.Post, options.Value.CallbackUrl)
        {
            Headers = { { "X-Rail-Signature", $"t={at},v1={Convert.ToHexStringLower(signature)}" } },
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
    }

    private sealed record Due : RailTransferRow
    {
        public long CallbackId { get; init; }
        public int Attempts { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Callback of {TransferId} was not sent: {Reason}")]
    private partial void LogNotSent(Guid transferId, string reason);
}
