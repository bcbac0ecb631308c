namespace ArdorQr.Chaos.Tests;

/// <summary>The checker finds what merchants were told wrongly, twice or not at all.</summary>
public sealed class EventCheckTests : IDisposable
{
    private readonly SoundRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("payment.processing")]
    [InlineData("payment.completed")]
    [InlineData("payment.failed")]
    [InlineData("deposit.pending")]
    [InlineData("deposit.credited")]
    public void A_lost_event_is_found(string type)
    {
        var evidence = _run.Gather();
        var lost = evidence.Receipts.First(receipt => receipt.Type == type);

        Breaches.AssertFound("event", evidence with { Receipts = [.. evidence.Receipts.Where(receipt => receipt != lost)] });
    }

    [Fact]
    public void An_event_that_is_told_under_two_ids_is_found()
    {
        var evidence = _run.Gather();
        var again = evidence.Receipts[0] with { EventId = _run.Merchants[0].Id };

        Breaches.AssertFound("event", evidence with { Receipts = [.. evidence.Receipts, again] });
    }

    [Fact]
    public void A_deposit_that_the_platform_never_saw_is_missed_in_the_events_too()
    {
        var transfer = _run.Deposit(0, 5_000_000);
        _run.Chain.Remove(transfer);
        var blind = _run.Gather();

        var evidence = blind with { Truth = blind.Truth with { Chain = [.. blind.Truth.Chain, transfer] } };

        Breaches.AssertFound("event", evidence, "wallet", "books");
    }

    [Theory]
    [InlineData("payment.processing", "amountMinor", 1)]
    [InlineData("payment.processing", "status", "completed")]
    [InlineData("payment.completed", "totalMinor", 1)]
    [InlineData("payment.completed", "reference", "another")]
    [InlineData("payment.completed", "failureReason", "rail_rejected")]
    [InlineData("payment.failed", "failureReason", "rail_rejected")]
    [InlineData("payment.failed", "status", "confirming")]
    [InlineData("deposit.pending", "amount", 0.5)]
    [InlineData("deposit.pending", "creditedMinor", 1)]
    [InlineData("deposit.credited", "creditedMinor", 1)]
    [InlineData("deposit.credited", "status", "pending")]
    public void An_event_that_tells_something_else_is_found(string type, string name, object? value)
    {
        var evidence = _run.Gather();
        var told = evidence.Receipts.First(receipt => receipt.Type == type);
        var wrong = told with { Data = SoundRun.With(told.Data, name, value) };

        Breaches.AssertFound("content", evidence with { Receipts = [.. evidence.Receipts.Except([told]), wrong] });
    }

    [Fact]
    public void An_end_that_is_told_otherwise_than_the_API_shows_it_is_found()
    {
        var evidence = _run.Gather();
        var told = evidence.Receipts.First(receipt => receipt.Type == "payment.completed");
        var views = evidence.Merchants.Select(view => view with
        {
            Payments = [.. view.Payments.Select(payment => payment.GetProperty("id").GetString() == told.ObjectId
                ? SoundRun.With(payment, "merchantName", "another") : payment)],
        });

        Breaches.AssertFound("content", evidence with { Merchants = [.. views] });
    }
}
