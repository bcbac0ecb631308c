using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Chaos.Check;
using ArdorQr.Chaos.Faults;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Tests;

/// <summary>
/// What would be gathered of a small run with a platform that does all as it must: to be spoilt in one thing at a time,
/// be it in the world before the platform acts on it, or in what the platform shows then.
/// </summary>
internal sealed class SoundRun : IDisposable
{
    private const long FundsMinor = 10_000_000;
    private const int NeverArrives = 8;

    private readonly ApiCaller _nobody = new([], "no key");
    private int _ids;

    public SoundRun()
    {
        Merchants = [MerchantOf(0), MerchantOf(1)];
        Paid = Pay(0, 100_00);
        Refused = Pay(0, 200_17);
        Open = Pay(1, 300_14);
        Pay(1, 400_08);
        var code = Pay(0, 500_50, "raced");
        Lose(1, code);
        Deposit(0, 1_500_000);
        Deposit(1, 400_000); // Below the minimum.
        Deposit(1, 2_500_000, isAnswered: false);
    }

    public static DateTimeOffset Start { get; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public Journal Journal { get; } = new();

    public List<RailTransfer> Rail { get; } = [];

    public List<ChainTransfer> Chain { get; } = [];

    public IReadOnlyList<Merchant> Merchants { get; }

    public PaymentRecord Paid { get; }

    public PaymentRecord Refused { get; }

    public PaymentRecord Open { get; }

    /// <summary>A confirmed payment that has come to the rail, or was lost on its way and given up.</summary>
    public PaymentRecord Pay(int merchant, long amountMinor, string? code = null)
    {
        var id = NextId();
        var record = new PaymentRecord(merchant, code ?? $"code {id}", amountMinor, $"key {id}")
        {
            IsContended = code is not null, Id = id, ConfirmSentAt = Start, IsConfirmed = true,
        };
        Journal.Payments.Enqueue(record);
        Rail.Add(new RailTransfer(id, record.Code, amountMinor, Start.AddSeconds(1), null));
        if (record.Ending == NeverArrives)
        {
            GiveUp(record, TimeSpan.FromSeconds(21));
        }

        return record;
    }

    /// <summary>Another payment of a code that was refused for it.</summary>
    public PaymentRecord Lose(int merchant, PaymentRecord winner)
    {
        var id = NextId();
        var record = new PaymentRecord(merchant, winner.Code, winner.AmountMinor, $"key {id}")
        {
            IsContended = true, Id = id, ConfirmSentAt = Start, IsDuplicate = true,
        };
        Journal.Payments.Enqueue(record);
        return record;
    }

    /// <summary>The rail has never seen it, and now never will.</summary>
    public void GiveUp(PaymentRecord payment, TimeSpan after)
    {
        Rail.RemoveAll(transfer => transfer.Id == payment.Id);
        Rail.Add(new RailTransfer(payment.Id!.Value, null, null, null, Start + after));
    }

    public ChainTransfer Deposit(int merchant, long micros, bool isAnswered = true)
    {
        var transfer = new ChainTransfer($"hash {NextId()}", Merchants[merchant].Owner, micros);
        Chain.Add(transfer);
        Journal.Deposits.Enqueue(new DepositRecord(merchant, micros, isAnswered ? transfer.TxHash : null));
        return transfer;
    }

    public void Harm(string target, TimeSpan from, TimeSpan until) =>
        Journal.Harms.Enqueue(new HarmDone(target, Faults.Harm.Kill, Start + from, Start + until, IsMet: true));

    /// <summary>What the platform shows and has told, given this world.</summary>
    public Evidence Gather()
    {
        var deposits = Credited()
            .ToDictionary(_ => NextId(), transfer => transfer);
        var shownDeposits = deposits.ToDictionary(deposit => deposit.Key, deposit => DepositOf(deposit.Key, deposit.Value));
        var views = Merchants.Select(merchant => ViewOf(merchant, deposits)).ToList();
        return new Evidence(
            Journal, [.. PaymentEvents().Concat(DepositEvents(deposits, shownDeposits))],
            new SandboxTruth([.. Rail], [.. Chain]), views, shownDeposits,
            [.. Rail.Where(transfer => transfer.IsOpen).Select(transfer => transfer.Id)], Books(),
            Comparison(discrepancies: 0), [], [ReplayOf("the same", "the same")]);
    }

    public static JsonElement Comparison(int discrepancies, string state = "done") =>
        JsonSerializer.SerializeToElement(new { run = new { state, discrepancies, compared = 1 } });

    public static Replay ReplayOf(string first, string again) => new(
        new KeptAnswer("/v1/payments", null, "key", new Answer(HttpStatusCode.Created, first)),
        new Answer(HttpStatusCode.Created, again));

    /// <summary>The same with one property of another value.</summary>
    public static JsonElement With(JsonElement element, string name, object? value)
    {
        var node = JsonNode.Parse(element.GetRawText())!;
        node[name] = JsonSerializer.SerializeToNode(value);
        return JsonSerializer.SerializeToElement(node);
    }

    public void Dispose() => _nobody.Dispose();

    private IEnumerable<ChainTransfer> Credited() => Chain.Where(transfer =>
        transfer.IsCredited && Merchants.Any(merchant => merchant.Owner == transfer.Owner));

    private Guid NextId() => new(++_ids, 0, 0, new byte[8]);

    private Merchant MerchantOf(int index) => new(index, NextId(), _nobody, FundsMinor) { Owner = $"0:{index}" };

    private RailTransfer? TransferOf(PaymentRecord payment) => Rail.Find(transfer => transfer.Id == payment.Id);

    private MerchantView ViewOf(Merchant merchant, Dictionary<Guid, ChainTransfer> deposits)
    {
        var payments = Journal.Payments
            .Where(payment => payment.Merchant == merchant.Index && payment.Id is not null).ToList();
        List<(string Type, Guid Source, long Amount)> moves =
        [
            ("adjustment", merchant.Id, FundsMinor),
            .. deposits.Where(deposit => deposit.Value.Owner == merchant.Owner)
                .Select(deposit => ("deposit", deposit.Key, deposit.Value.CreditMinor)),
            .. payments.Where(payment => TransferOf(payment) is not null)
                .Select(payment => ("payment", payment.Id!.Value, -payment.AmountMinor)),
            .. payments.Where(payment => TransferOf(payment)?.FailureReason is not null)
                .Select(payment => ("refund", payment.Id!.Value, payment.AmountMinor)),
        ];
        var balance = 0L;
        var operations = moves.Select((move, index) => JsonSerializer.SerializeToElement(new
        {
            id = NextId(),
            type = move.Type,
            amountMinor = move.Amount,
            balanceAfterMinor = balance += move.Amount,
            sourceId = move.Source,
            createdAt = Start.AddSeconds(index),
        })).Reverse().ToList();
        return new MerchantView(
            merchant, balance, operations, [.. payments.Select(payment => PaymentOf(payment, isEnd: true))],
            JsonSerializer.SerializeToElement(new { sequence = operations.Count, balanceMinor = balance }));
    }

    private JsonElement PaymentOf(PaymentRecord payment, bool isEnd) => JsonSerializer.SerializeToElement(new
    {
        id = payment.Id,
        status = TransferOf(payment) is not { } transfer ? "resolved" : isEnd ? transfer.Status : "confirming",
        failureReason = isEnd ? TransferOf(payment)?.FailureReason : null,
        amountMinor = payment.AmountMinor,
        feeMinor = 0,
        totalMinor = payment.AmountMinor,
        currency = "RUB",
        reference = payment.Key,
        mode = "test",
    });

    private static JsonElement DepositOf(Guid id, ChainTransfer transfer, bool isEnd = true) =>
        JsonSerializer.SerializeToElement(new
        {
            id,
            status = isEnd ? "credited" : "pending",
            amount = transfer.Micros / 1_000_000m,
            grossMinor = isEnd ? transfer.GrossMinor : (long?)null,
            creditedMinor = isEnd ? transfer.CreditMinor : (long?)null,
            currency = "RUB",
            txHash = transfer.TxHash,
        });

    private IEnumerable<Receipt> PaymentEvents()
    {
        foreach (var payment in Journal.Payments)
        {
            if (TransferOf(payment) is { } transfer)
            {
                yield return EventOf(payment.Merchant, "payment.processing", PaymentOf(payment, isEnd: false));
                if (!transfer.IsOpen)
                {
                    yield return EventOf(
                        payment.Merchant, $"payment.{transfer.Status}", PaymentOf(payment, isEnd: true));
                }
            }
        }
    }

    private IEnumerable<Receipt> DepositEvents(
        Dictionary<Guid, ChainTransfer> deposits, Dictionary<Guid, JsonElement> shown)
    {
        foreach (var (id, transfer) in deposits)
        {
            var merchant = Merchants.Single(merchant => merchant.Owner == transfer.Owner).Index;
            yield return EventOf(merchant, "deposit.pending", DepositOf(id, transfer, isEnd: false));
            yield return EventOf(merchant, "deposit.credited", shown[id]);
        }
    }

    private Receipt EventOf(int merchant, string type, JsonElement data) =>
        new(merchant, NextId(), type, "test", data, data.GetRawText());

    private JsonElement Books()
    {
        var credited = Credited().ToList();
        var sums = new Dictionary<string, long>
        {
            ["ledger_payment_clearing_test"] =
                Rail.Where(transfer => transfer.IsOpen).Sum(transfer => transfer.AmountMinor!.Value),
            ["ledger_deposit_clearing_test"] = -credited.Sum(transfer => transfer.GrossMinor),
            ["payments_attempts_kopecks"] =
                Journal.Payments.Where(payment => TransferOf(payment) is not null).Sum(payment => payment.AmountMinor),
            ["deposits_posted_test"] = credited.Sum(transfer => transfer.CreditMinor),
        };
        return JsonSerializer.SerializeToElement(new
        {
            balanced = true,
            checks = BooksCheck.Names.Select(name =>
                new { name, ok = true, expected = 0, actual = sums.GetValueOrDefault(name), details = "" }),
        });
    }
}
