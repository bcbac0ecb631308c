using ArdorQr.Chaos.Check;
using ArdorQr.Chaos.Faults;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Tests;

/// <summary>Nothing found proves something only where enough was done, and where the checker sees what is planted.</summary>
public sealed class VerdictTests
{
    private const int Proven = 0;
    private const int Breach = 1;
    private const int Unsaid = 2;

    [Fact]
    public void Nothing_found_after_enough_was_done_is_proof() =>
        Assert.Equal(new Verdict(Proven, "everything is proven"), Verdict.Of(new Findings(), [], [], []));

    [Fact]
    public void Nothing_found_after_too_little_was_done_says_nothing()
    {
        var verdict = Verdict.Of(new Findings(), ["3 of 50 kills"], [], []);

        Assert.Equal(Unsaid, verdict.ExitCode);
        Assert.Contains("3 of 50 kills", verdict.Line);
    }

    [Fact]
    public void A_breach_is_one_however_little_was_done() =>
        Assert.Equal(Breach, Verdict.Of(Found("wallet"), ["3 of 50 kills"], [], []).ExitCode);

    [Fact]
    public void A_plant_says_nothing_where_it_was_red_before() =>
        Assert.Equal(Unsaid, Verdict.Of(Found("event"), [], [Plant.LostEvent], []).ExitCode);

    [Fact]
    public void A_plant_that_is_found_is_a_breach_by_its_name()
    {
        var verdict = Verdict.Of(new Findings(), [], [Plant.LostEvent], [(Plant.LostEvent, Found("event"))]);

        Assert.Equal(Breach, verdict.ExitCode);
        Assert.Contains("lost-event is a breach of event", verdict.Line);
    }

    [Theory]
    [InlineData(Plant.LostEvent, "rail")]
    [InlineData(Plant.DoubleSubmit, "rail")]
    [InlineData(Plant.DoubleRefund, "books")]
    public void A_plant_of_which_only_something_else_is_found_says_that_the_checker_is_blind(string plant, string found)
    {
        var verdict = Verdict.Of(new Findings(), [], [plant], [(plant, Found(found))]);

        Assert.Equal(Unsaid, verdict.ExitCode);
        Assert.Contains(plant, verdict.Line);
    }

    [Fact]
    public void What_was_found_before_a_plant_isnt_found_of_it()
    {
        var before = Found("event");
        var after = Found("event");
        after.Breach("event", "another one");

        Assert.Empty(Found("event").Since(before).Kinds);
        Assert.Equal(["event"], after.Since(before).Kinds);
    }

    [Fact]
    public void A_run_without_work_wants_all_of_it()
    {
        var wanting = Least.Of(minutes: 2).Wanting(new Journal());

        Assert.Equal(["0 of 4 kills", "0 of 120 payments", "0 of 20 deposits", "0 of 1 races"], wanting);
    }

    [Fact]
    public void The_long_form_wants_what_was_promised_of_it() => Assert.Equal(
        new Least(Kills: 50, Payments: 10_000, Deposits: 1_000, Races: 50), new ChaosOptions { Minutes = 15 }.Least);

    [Fact]
    public void Only_kills_that_met_a_running_process_count()
    {
        var journal = new Journal();
        var now = TimeProvider.System.GetUtcNow();
        journal.Harms.Enqueue(new HarmDone("ledger-1", Harm.Kill, now, now, IsMet: true));
        journal.Harms.Enqueue(new HarmDone("ledger-1", Harm.Kill, now, now, IsMet: false));
        journal.Harms.Enqueue(new HarmDone("postgres", Harm.Freeze, now, now, IsMet: true));

        Assert.Equal(1, journal.Kills);
        Assert.Equal(["1 of 2 kills"], new Least(2, 0, 0, 0).Wanting(journal));
    }

    [Fact]
    public void Only_answered_payments_promised_deposits_and_decided_races_count()
    {
        var journal = new Journal();
        journal.Payments.Enqueue(new PaymentRecord(0, "code", 100, "unanswered"));
        journal.Payments.Enqueue(new PaymentRecord(0, "code", 100, "refused") { Refusal = "qr_already_paid" });
        journal.Deposits.Enqueue(new DepositRecord(0, 1, null));

        Assert.Equal(["1 of 2 payments", "0 of 1 deposits", "0 of 1 races"], new Least(0, 2, 1, 1).Wanting(journal));
    }

    [Fact]
    public void The_minimums_can_be_given()
    {
        var options = ChaosOptions.Parse(
            ["--minutes", "30", "--least-kills", "1", "--least-payments", "2", "--least-deposits", "3"]);

        Assert.Equal(new Least(Kills: 1, Payments: 2, Deposits: 3, Races: 50), options!.Least);
    }

    private static Findings Found(string kind)
    {
        var findings = new Findings();
        findings.Breach(kind, "one");
        return findings;
    }
}
