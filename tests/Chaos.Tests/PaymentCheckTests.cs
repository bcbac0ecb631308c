using ArdorQr.Chaos.Hosting;

namespace ArdorQr.Chaos.Tests;

/// <summary>The checker finds each thing that can be wrong with a payment, when nothing else is, and calls it by its name.</summary>
public sealed class PaymentCheckTests : IDisposable
{
    private readonly SoundRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_sound_run_is_proven() => Breaches.AssertNone(_run.Gather());

    [Fact]
    public void A_code_that_two_payments_have_paid_is_found()
    {
        _run.Pay(0, 700_00, "shared");
        _run.Pay(1, 700_00, "shared");

        Breaches.AssertFound("code", _run.Gather());
    }

    [Fact]
    public void A_code_may_be_paid_after_the_first_payment_of_it_has_failed()
    {
        _run.Pay(0, 700_17, "shared");
        _run.Pay(1, 700_17, "shared");

        Breaches.AssertNone(_run.Gather());
    }

    [Fact]
    public void A_duplicate_that_comes_to_the_rail_all_the_same_is_found()
    {
        var winner = _run.Pay(0, 700_17, "shared"); // It fails: that both are at the rail is no breach by itself.
        _run.Lose(1, winner);
        var second = _run.Pay(1, 700_17, "shared");
        (second.IsConfirmed, second.IsDuplicate) = (false, true);

        Breaches.AssertFound("race", _run.Gather());
    }

    [Theory]
    [InlineData(700_00)]
    [InlineData(700_17)] // It would have failed, so that nobody need have paid the code.
    public void A_duplicate_of_nothing_is_found(long amountMinor)
    {
        var winner = _run.Pay(0, amountMinor, "shared");
        _run.Lose(1, winner);
        _run.Rail.RemoveAll(transfer => transfer.Id == winner.Id);
        (winner.IsConfirmed, winner.IsDuplicate) = (false, true);

        Breaches.AssertFound("race", _run.Gather());
    }

    [Fact]
    public void A_code_that_was_raced_for_and_that_nobody_has_paid_is_found()
    {
        foreach (var racer in new[] { _run.Pay(0, 700_00, "shared"), _run.Pay(1, 700_00, "shared") })
        {
            _run.Rail.RemoveAll(transfer => transfer.Id == racer.Id);
            racer.IsConfirmed = false;
        }

        Breaches.AssertFound("race", _run.Gather());
    }

    [Fact]
    public void A_refusal_as_paid_already_is_found_where_nobody_has_paid()
    {
        var first = _run.Pay(0, 700_17, "shared");
        var late = _run.Lose(0, first);
        (late.Id, late.ConfirmSentAt, late.IsDuplicate, late.Refusal) = (null, null, false, "qr_already_paid");

        Breaches.AssertFound("race", _run.Gather());
    }

    [Fact]
    public void A_payment_that_is_given_up_before_the_cut_off_is_found()
    {
        _run.Harm("payments-1", TimeSpan.Zero, TimeSpan.FromSeconds(5));
        _run.GiveUp(_run.Paid, TimeSpan.FromSeconds(House.CutOffSeconds - 1));

        Breaches.AssertFound("cancel", _run.Gather());
    }

    [Theory]
    [InlineData("gateway-1", 0)]
    [InlineData("webhooks-2", 0)]
    [InlineData("payments-1", -120)]
    [InlineData("payments-1", 60)]
    public void A_payment_that_is_given_up_though_nothing_delayed_it_is_found(string target, int at)
    {
        _run.Harm(target, TimeSpan.FromSeconds(at), TimeSpan.FromSeconds(at + 5));
        _run.GiveUp(_run.Paid, TimeSpan.FromSeconds(25));

        Breaches.AssertFound("cancel", _run.Gather());
    }

    [Theory]
    [InlineData("payments-2")]
    [InlineData("ledger-1")]
    [InlineData("sandbox-1")]
    [InlineData("postgres")]
    public void A_payment_that_a_fault_has_delayed_may_be_given_up(string target)
    {
        _run.Harm(target, TimeSpan.FromSeconds(-10), TimeSpan.FromSeconds(5));
        _run.GiveUp(_run.Paid, TimeSpan.FromSeconds(25));

        Breaches.AssertNone(_run.Gather());
    }

    [Fact]
    public void An_executor_that_gives_most_payments_up_is_found_though_there_were_faults()
    {
        _run.Harm("postgres", TimeSpan.FromSeconds(-10), TimeSpan.FromSeconds(5));
        for (var payment = 0; payment < 20; payment++)
        {
            _run.GiveUp(_run.Pay(0, 100_00), TimeSpan.FromSeconds(25));
        }

        Breaches.AssertFound("cancel", _run.Gather());
    }

    [Fact]
    public void A_payment_that_was_paid_before_its_confirm_is_found()
    {
        _run.Paid.ConfirmSentAt = SoundRun.Start.AddSeconds(5);

        Breaches.AssertFound("rail", _run.Gather());
    }

    [Fact]
    public void A_payment_that_was_shown_with_another_end_is_found()
    {
        _run.Refused.SeenEnd = "completed";

        Breaches.AssertFound("payment", _run.Gather());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void A_code_that_cannot_be_paid_and_was_taken_is_found(int ending)
    {
        _run.Pay(0, 100_00 + ending);

        Breaches.AssertFound("payment", _run.Gather());
    }

    [Fact]
    public void A_payment_that_is_in_review_without_need_is_found()
    {
        var evidence = _run.Gather();

        Breaches.AssertFound("review", evidence with { InReview = [.. evidence.InReview, _run.Paid.Id!.Value] });
        Breaches.AssertFound("review", evidence with { InReview = [] });
    }
}
