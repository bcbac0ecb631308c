using System.Net;

namespace ArdorQr.Chaos.Load;

/// <summary>
/// The merchants at work, by the public API alone: each worker pays code after code, now and then asks twice, or leaves
/// a payment unconfirmed; depositors send test money.
/// </summary>
internal sealed class Traffic(IReadOnlyList<Merchant> merchants, Journal journal, ChaosOptions options)
{
    private const int TwicePercent = 8;
    private const int LeftPercent = 3;
    private const int DustPercent = 5;
    private const int WorkersPerDepositor = 8;
    private const int MaxDepositMicros = 20_000_000;

    private static readonly HashSet<string> Refusals = ["qr_already_paid", "qr_expired", "qr_not_found", "qr_cancelled"];

    private int _payments;
    private int _deposits;

    /// <summary>
    /// Runs until the limits of the options are reached, or <paramref name="enough"/> says to begin nothing new.
    /// </summary>
    /// <param name="enough">The end of the time for new work.</param>
    /// <param name="cancellationToken">The limit for what was begun.</param>
    public Task RunAsync(CancellationToken enough, CancellationToken cancellationToken) => Task.WhenAll(
        Enumerable.Range(0, options.Workers).Select(worker => PayAsync(worker, enough, cancellationToken))
            .Concat(Enumerable.Range(1, Math.Max(1, options.Workers / WorkersPerDepositor))
                .Select(depositor => DepositAsync(depositor, enough, cancellationToken))));

    private async Task PayAsync(int worker, CancellationToken enough, CancellationToken cancellationToken)
    {
        var random = new Random(HashCode(options.Seed, worker));
        var merchant = merchants[worker % merchants.Count];
        while (!enough.IsCancellationRequested && Interlocked.Increment(ref _payments) <= options.Payments)
        {
            var amount = PaymentCodes.Amount(random);
            var record = new PaymentRecord(merchant.Index, PaymentCodes.Fresh(random, amount), amount);
            journal.Payments.Enqueue(record);
            var key = $"{options.Seed}-{worker}-{record.Code[^4..]}-{random.Next()}";
            // All choices before the answers: they follow the seed, whatever the answers are.
            var (twice, confirmTwice, isLeft) =
                (random.Next(100) < TwicePercent, random.Next(100) < TwicePercent, random.Next(100) < LeftPercent);
            try
            {
                await PrepareAsync(merchant, record, key, twice, cancellationToken);
                if (record.Id is not null && !isLeft)
                {
                    await ConfirmAsync(merchant, record, key, confirmTwice, cancellationToken);
                }
            }
            catch (InvalidOperationException exception)
            {
                journal.Fault($"payment: {exception.Message}");
            }

            await PauseAsync(options.PaymentPause, enough, cancellationToken);
        }
    }

    private async Task PrepareAsync(
        Merchant merchant, PaymentRecord record, string key, bool twice, CancellationToken cancellationToken)
    {
        var body = new { qr = record.Code, reference = key };
        var first = await SendAsync(merchant, "/v1/payments", body, key, cancellationToken);
        if (first.Status == HttpStatusCode.Created)
        {
            record.Id = first.Body.GetProperty("id").GetGuid();
        }
        else if (first.Code is { } code && Refusals.Contains(code) && record.Ending is 4 or 16)
        {
            record.Refusal = code;
        }
        else
        {
            journal.Fault($"payment: {record.AmountMinor} was answered {(int)first.Status} {first.Text}");
        }

        if (twice)
        {
            var again = await SendAsync(merchant, "/v1/payments", body, key, cancellationToken);
            if (again.Status != first.Status || again.Text != first.Text)
            {
                journal.Fault($"payment: the same key got {(int)first.Status} {first.Text} "
                    + $"and then {(int)again.Status} {again.Text}");
            }
        }
    }

    private async Task ConfirmAsync(
        Merchant merchant, PaymentRecord record, string key, bool twice, CancellationToken cancellationToken)
    {
        record.IsConfirmSent = true;
        var path = $"/v1/payments/{record.Id}/confirm";
        var answers = await Task.WhenAll(Enumerable.Range(0, twice ? 2 : 1).Select(
            number => SendAsync(merchant, path, null, $"{key}-confirm-{number}", cancellationToken)));
        foreach (var answer in answers)
        {
            if (answer.Status == HttpStatusCode.OK)
            {
                record.IsConfirmed = true;
            }
            else if (answer.Code != "payment_expired")
            {
                journal.Fault($"confirm: {record.Id} was answered {(int)answer.Status} {answer.Text}");
            }
        }
    }

    private async Task<Answer> SendAsync(
        Merchant merchant, string path, object? body, string key, CancellationToken cancellationToken)
    {
        var answer = await merchant.Api.SendAsync(HttpMethod.Post, path, body, key, cancellationToken);
        journal.Repeated($"POST {path}", answer.Failures);
        return answer;
    }

    private async Task DepositAsync(int depositor, CancellationToken enough, CancellationToken cancellationToken)
    {
        var random = new Random(HashCode(options.Seed, -depositor));
        while (!enough.IsCancellationRequested && Interlocked.Increment(ref _deposits) <= options.Deposits)
        {
            var merchant = merchants[random.Next(merchants.Count)];
            // Some are below the half USDT from which on there is a credit.
            long micros = random.Next(100) < DustPercent
                ? random.Next(1, 500_000) : random.Next(500_000, MaxDepositMicros);
            var answer = await merchant.Api.TryAsync(
                HttpMethod.Post, "/v1/test/deposits", new { amount = micros / 1_000_000m }, cancellationToken);
            // No repetition: without a key a second call is a second deposit.
            journal.Deposits.Enqueue(new DepositRecord(
                merchant.Index, micros,
                answer?.Status == HttpStatusCode.Accepted ? answer.Body.GetProperty("txHash").GetString() : null));
            if (answer is
                {
                    Status: < HttpStatusCode.InternalServerError
                        and not HttpStatusCode.Accepted and not HttpStatusCode.TooManyRequests,
                })
            {
                journal.Fault($"deposit: {micros} was answered {(int)answer.Status} {answer.Text}");
            }

            await PauseAsync(options.DepositPause, enough, cancellationToken);
        }
    }

    private static async Task PauseAsync(TimeSpan pause, CancellationToken enough, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(pause, enough);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time is over.
        }
    }

    private static int HashCode(int seed, int worker) => unchecked((seed * 7_919) + (worker * 104_729));
}
