using System.Net;

namespace ArdorQr.Chaos.Load;

/// <summary>
/// The merchants at work, by the public API alone: each worker pays code after code, now and then asks twice, leaves a
/// payment unconfirmed, looks at what came of it, or lets several payments race for one code; depositors send test money.
/// </summary>
internal sealed class Traffic(IReadOnlyList<Merchant> merchants, Journal journal, ChaosOptions options)
{
    private const int TwicePercent = 8;
    private const int LeftPercent = 3;
    private const int LookPercent = 20;
    private const int RacePercent = 5;
    private const int DustPercent = 5;
    private const int WorkersPerDepositor = 8;
    private const int MaxDepositMicros = 20_000_000;

    private readonly Shopper _shopper = new(journal);
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

    /// <summary>All choices before the answers: they follow the seed, whatever the answers are.</summary>
    private sealed record Choice(string Key, long AmountMinor, string Code)
    {
        public bool IsTwice { get; init; }

        public bool IsConfirmedTwice { get; init; }

        public bool IsLeft { get; init; }

        public bool IsLookedAt { get; init; }

        public bool IsRace { get; init; }

        /// <summary>Who races: the same merchant, or the next one.</summary>
        public int RivalsDistance { get; init; }

        public static Choice Make(Random random, string prefix)
        {
            var amount = PaymentCodes.Amount(random);
            var code = PaymentCodes.Fresh(random, amount);
            return new Choice($"{prefix}-{code[^4..]}-{random.Next()}", amount, code)
            {
                IsTwice = random.Next(100) < TwicePercent,
                IsConfirmedTwice = random.Next(100) < TwicePercent,
                IsLeft = random.Next(100) < LeftPercent,
                IsLookedAt = random.Next(100) < LookPercent,
                IsRace = random.Next(100) < RacePercent,
                RivalsDistance = random.Next(2),
            };
        }
    }

    private async Task PayAsync(int worker, CancellationToken enough, CancellationToken cancellationToken)
    {
        var random = new Random(HashCode(options.Seed, worker));
        while (!enough.IsCancellationRequested && MayBegin())
        {
            var choice = Choice.Make(random, $"{options.Seed}-{worker}");
            try
            {
                await (choice.IsRace
                    ? RaceAsync(worker, choice, cancellationToken)
                    : PayAsync(worker, choice, cancellationToken));
            }
            catch (InvalidOperationException exception)
            {
                journal.Fault($"payment: {exception.Message}");
            }

            await PauseAsync(options.PaymentPause, enough, cancellationToken);
        }
    }

    /// <summary>Beyond the number that was asked for, the load goes on for as long as too little was killed under it.</summary>
    private bool MayBegin() =>
        Interlocked.Increment(ref _payments) <= options.Payments || journal.Kills < options.Least.Kills;

    private async Task PayAsync(int worker, Choice choice, CancellationToken cancellationToken)
    {
        var merchant = merchants[worker % merchants.Count];
        var record = Begin(merchant, choice, choice.Key);
        await _shopper.PrepareAsync(merchant, record, choice.IsTwice, cancellationToken);
        if (record.Id is null || choice.IsLeft)
        {
            return;
        }

        await _shopper.ConfirmAsync(merchant, record, choice.IsConfirmedTwice, cancellationToken);
        if (choice.IsLookedAt)
        {
            await _shopper.LookAsync(merchant, record, cancellationToken);
        }
    }

    /// <summary>
    /// Two payments of one single-use code, of one merchant or of two, are confirmed at once; then a third one comes late.
    /// </summary>
    private async Task RaceAsync(int worker, Choice choice, CancellationToken cancellationToken)
    {
        var own = merchants[worker % merchants.Count];
        var rival = merchants[(worker + choice.RivalsDistance) % merchants.Count];
        (Merchant Merchant, PaymentRecord Record)[] racers =
            [(own, Begin(own, choice, choice.Key)), (rival, Begin(rival, choice, $"{choice.Key}-rival"))];
        await Task.WhenAll(racers.Select(racer =>
            _shopper.PrepareAsync(racer.Merchant, racer.Record, choice.IsTwice, cancellationToken)));
        await Task.WhenAll(racers.Where(racer => racer.Record.Id is not null).Select(racer =>
            _shopper.ConfirmAsync(racer.Merchant, racer.Record, choice.IsConfirmedTwice, cancellationToken)));

        var late = Begin(own, choice, $"{choice.Key}-late");
        Interlocked.Add(ref _payments, 2); // One is counted already.
        await _shopper.PrepareAsync(own, late, choice.IsTwice, cancellationToken);
        if (late.Id is not null)
        {
            await _shopper.ConfirmAsync(own, late, choice.IsConfirmedTwice, cancellationToken);
        }
    }

    private PaymentRecord Begin(Merchant merchant, Choice choice, string key)
    {
        var record = new PaymentRecord(merchant.Index, choice.Code, choice.AmountMinor, key) { IsContended = choice.IsRace };
        journal.Payments.Enqueue(record);
        return record;
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
            try
            {
                await DepositAsync(merchant, micros, cancellationToken);
            }
            catch (InvalidOperationException exception)
            {
                journal.Fault($"deposit: {exception.Message}");
            }

            await PauseAsync(options.DepositPause, enough, cancellationToken);
        }
    }

    /// <summary>Without a key each try is a deposit of its own: what wasn't answered may stand or not.</summary>
    private async Task DepositAsync(Merchant merchant, long micros, CancellationToken cancellationToken)
    {
        const string path = "/v1/test/deposits";
        void Note(string? hash) => journal.Deposits.Enqueue(new DepositRecord(merchant.Index, micros, hash));
        var answer = await merchant.Api.SendAsync(
            HttpMethod.Post, path, new { amount = micros / 1_000_000m }, null, cancellationToken, () => Note(null));
        journal.Repeated($"POST {path}", answer.Failures);
        if (answer.Status == HttpStatusCode.Accepted)
        {
            Note(answer.Body.GetProperty("txHash").GetString());
        }
        else
        {
            journal.Fault($"deposit: {micros} was answered {(int)answer.Status} {answer.Text}");
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
