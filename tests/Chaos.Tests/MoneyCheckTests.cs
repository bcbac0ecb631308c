using System.Text.Json;
using ArdorQr.Chaos.Check;

namespace ArdorQr.Chaos.Tests;

/// <summary>The checker finds what is wrong with a wallet, the chain or the books, when nothing else is.</summary>
public sealed class MoneyCheckTests : IDisposable
{
    private readonly SoundRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_transfer_to_another_address_than_it_was_promised_to_is_found()
    {
        var transfer = _run.Deposit(0, 3_000_000);
        _run.Chain.Remove(transfer);
        _run.Chain.Add(transfer with { Owner = "0:of nobody" });

        Breaches.AssertFound("chain", _run.Gather());
    }

    [Fact]
    public void A_transfer_to_another_merchant_than_it_was_promised_to_is_found()
    {
        var transfer = _run.Deposit(0, 3_000_000);
        _run.Chain.Remove(transfer);
        _run.Chain.Add(transfer with { Owner = _run.Merchants[1].Owner });

        Breaches.AssertFound("chain", _run.Gather());
    }

    [Fact]
    public void A_transfer_that_stands_twice_for_one_unanswered_request_is_found()
    {
        var transfer = _run.Deposit(1, 3_000_000, isAnswered: false);
        _run.Chain.Add(transfer with { TxHash = "again" });

        Breaches.AssertFound("chain", _run.Gather());
    }

    [Fact]
    public void A_refund_that_was_made_twice_is_found()
    {
        var evidence = _run.Gather();

        Breaches.AssertFound("wallet", WithOperations(evidence, operations =>
        [
            SoundRun.With(
                operations.First(operation => operation.GetProperty("type").GetString() == "refund"), "createdAt",
                SoundRun.Start.AddDays(1)),
            .. operations,
        ]));
    }

    [Fact]
    public void Operations_of_one_time_are_found() => Breaches.AssertFound("wallet", WithOperations(_run.Gather(), operations =>
    [
        SoundRun.With(operations[0], "createdAt", operations[1].GetProperty("createdAt").GetDateTimeOffset()),
        .. operations.Skip(1),
    ]));

    [Theory]
    [InlineData("sequence", 1_000)]
    [InlineData("balanceMinor", 0)]
    public void A_checkpoint_of_another_history_is_found(string name, object value)
    {
        var evidence = _run.Gather();
        var view = evidence.Merchants[0];

        Breaches.AssertFound("wallet", evidence with
        {
            Merchants = [view with { Checkpoint = SoundRun.With(view.Checkpoint, name, value) }, .. evidence.Merchants.Skip(1)],
        });
    }

    [Fact]
    public void A_reconciliation_that_lacks_a_check_is_found()
    {
        var evidence = _run.Gather();
        var books = JsonSerializer.SerializeToElement(new { balanced = true, checks = Array.Empty<object>() });

        Breaches.AssertFound("books", evidence with { Reconciliation = books });
    }

    [Theory]
    [InlineData("ledger_sum_test")]
    [InlineData("ledger_payment_clearing_test")]
    [InlineData("ledger_deposit_clearing_test")]
    [InlineData("payments_attempts_kopecks")]
    [InlineData("deposits_posted_test")]
    [InlineData("ledger_audited")]
    public void A_sum_of_the_books_that_the_outside_contradicts_is_found(string name)
    {
        var evidence = _run.Gather();
        var checks = evidence.Reconciliation.GetProperty("checks").EnumerateArray().Select(check =>
            check.GetProperty("name").GetString() == name ? SoundRun.With(check, "actual", 12_345) : check);

        Breaches.AssertFound("books", evidence with { Reconciliation = SoundRun.With(evidence.Reconciliation, "checks", checks) });
    }

    [Theory]
    [InlineData(1, "done")]
    [InlineData(0, "failed")]
    public void A_comparison_of_the_books_that_finds_something_or_fails_is_found(int discrepancies, string state) =>
        Breaches.AssertFound("books", _run.Gather() with { Comparison = SoundRun.Comparison(discrepancies, state) });

    [Fact]
    public void A_message_that_was_given_up_is_found()
    {
        var letter = JsonSerializer.SerializeToElement(new { id = 1 });

        Breaches.AssertFound("letter", _run.Gather() with { DeadLetters = [letter] });
    }

    [Fact]
    public void A_key_that_is_answered_otherwise_later_is_found() =>
        Breaches.AssertFound("replay", _run.Gather() with { Replays = [SoundRun.ReplayOf("one", "another")] });

    [Fact]
    public void An_answer_that_no_outage_excuses_is_found()
    {
        _run.Journal.Fault("a 404");

        Breaches.AssertFound("answer", _run.Gather());
    }

    private static Evidence WithOperations(
        Evidence evidence, Func<IReadOnlyList<JsonElement>, IReadOnlyList<JsonElement>> change) => evidence with
        {
            Merchants =
            [
                evidence.Merchants[0] with { Operations = change(evidence.Merchants[0].Operations) },
                .. evidence.Merchants.Skip(1),
            ],
        };
}
