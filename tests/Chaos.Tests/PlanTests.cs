using ArdorQr.Chaos.Faults;

namespace ArdorQr.Chaos.Tests;

public sealed class PlanTests
{
    private const int Seeds = 200;

    private static readonly string[] Replicas = ["ledger-1", "ledger-2", "payments-1"];

    [Fact]
    public void A_seed_has_one_plan_and_another_seed_another()
    {
        var plan = Plan(1);

        Assert.Equal(plan, Plan(1));
        Assert.NotEqual(plan, Plan(2));
    }

    [Fact]
    public void A_plan_is_in_order_within_its_time_and_has_every_harm_in_some_seed()
    {
        var all = Enumerable.Range(1, Seeds).Select(Plan).ToList();

        Assert.All(all, plan => Assert.Equal(plan.OrderBy(fault => fault.At), plan));
        var faults = all.SelectMany(plan => plan).ToList();
        Assert.All(faults, fault => Assert.InRange(fault.At, TimeSpan.Zero, TimeSpan.FromMinutes(2)));
        Assert.Equal(Enum.GetValues<Harm>().Order(), faults.Select(fault => fault.Harm).Distinct().Order());
        Assert.Contains(faults, fault => fault is { Target: FaultPlan.Postgres, Harm: Harm.Kill });
        Assert.Contains(faults, fault => fault is { Target: FaultPlan.Rabbit, Harm: Harm.Kill });
    }

    private static IReadOnlyList<Fault> Plan(int seed) => FaultPlan.Make(seed, TimeSpan.FromMinutes(2), 5, Replicas);
}
