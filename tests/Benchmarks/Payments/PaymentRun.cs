using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>What came of a run: the latencies of each step in milliseconds, sorted, and how many ended in which time.</summary>
internal sealed record RunResult(double[] Prepare, double[] Confirm, double[] Complete, double[] Told, double Seconds)
{
    public int Payments => Prepare.Length;

    public double PerSecond => Payments / Seconds;

    public static double Percentile(double[] sorted, double percent) =>
        sorted[(int)Math.Ceiling(percent / 100 * sorted.Length) - 1];
}

/// <summary>
/// Payments from the code to the webhook, by the public API alone. A worker prepares, confirms, waits until the payment
/// is told to be completed, and goes on with the next.
/// </summary>
internal sealed class PaymentRun(HouseUnderTest house, WebhookSink sink)
{
    /// <summary>The bank completes after 0.2 s and calls back, as it does with every usual sum.</summary>
    public const int Usual = 0;

    /// <summary>The bank has completed before it answers: what is left is our own time.</summary>
    public const int AtOnce = 13;

    private const string IdCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const long AmountMinor = 1_000;
    private const int PatienceSeconds = 60;

    private readonly ConcurrentQueue<(double Prepare, double Confirm, double Complete, double Told)> _done = [];

    public async Task<RunResult> RunAsync(
        IReadOnlyList<BenchMerchant> merchants, int workers, int seconds, int ending, CancellationToken cancellationToken)
    {
        _done.Clear();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(seconds + PatienceSeconds));
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, workers).Select(async worker =>
        {
            using var client = house.ClientOf(merchants[worker % merchants.Count]);
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds)
            {
                await PayAsync(client, ending, patience.Token);
            }
        }));
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new RunResult(
            Sorted(payment => payment.Prepare), Sorted(payment => payment.Confirm),
            Sorted(payment => payment.Complete), Sorted(payment => payment.Told), elapsed);
    }

    private double[] Sorted(Func<(double Prepare, double Confirm, double Complete, double Told), double> step) =>
        [.. _done.Select(step).Order()];

    private async Task PayAsync(HttpClient client, int ending, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var prepared = await PostAsync(client, "/v1/payments", new { qr = FreshCode(ending) }, cancellationToken);
        var preparedAt = Stopwatch.GetTimestamp();
        var id = prepared.GetProperty("id").GetGuid();
        var confirmSentAt = TimeProvider.System.GetUtcNow();
        await PostAsync(client, $"/v1/payments/{id}/confirm", null, cancellationToken);
        var confirmedAt = Stopwatch.GetTimestamp();
        var toldAt = await sink.CompletedAsync(id, cancellationToken);
        sink.Forget(id);
        var payment = await client.GetFromJsonAsync<JsonElement>(new Uri($"/v1/payments/{id}", UriKind.Relative), cancellationToken);
        var completedAt = payment.GetProperty("completedAt").GetDateTimeOffset(); // The same machine's clock.
        _done.Enqueue((
            Stopwatch.GetElapsedTime(began, preparedAt).TotalMilliseconds,
            Stopwatch.GetElapsedTime(preparedAt, confirmedAt).TotalMilliseconds,
            (completedAt - confirmSentAt).TotalMilliseconds,
            Stopwatch.GetElapsedTime(preparedAt, toldAt).TotalMilliseconds));
    }

    private static async Task<JsonElement> PostAsync(
        HttpClient client, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        request.Headers.Add("Idempotency-Key", RandomNumberGenerator.GetHexString(32));
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await client.SendAsync(request, cancellationToken);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return response.IsSuccessStatusCode
            ? answer
            : throw new InvalidOperationException($"POST {path}: {(int)response.StatusCode} {answer}");
    }

    /// <summary>A single-use code that nobody has seen, with its sum.</summary>
    private static string FreshCode(int ending)
    {
        var id = RandomNumberGenerator.GetString(IdCharacters, 28);
        var guarded = string.Create(CultureInfo.InvariantCulture,
            $"https://qr.nspk.ru/AD10{id}?type=02&bank=100000000111&sum={AmountMinor * 100 + ending}&cur=RUB");
        return string.Create(CultureInfo.InvariantCulture, $"{guarded}&crc={Crc16.Of(guarded.AsSpan()):X4}");
    }
}
