namespace ArdorQr.Chaos.Check;

/// <summary>What a run comes to.</summary>
/// <param name="ExitCode">0: proven, 1: a breach, 2: neither could be said.</param>
/// <param name="Line">The same in words.</param>
internal sealed record Verdict(int ExitCode, string Line)
{
    private const int Proven = 0;
    private const int Breach = 1;
    private const int Unsaid = 2;

    /// <param name="findings">Before anything was falsified.</param>
    /// <param name="wanting">What was done too little.</param>
    /// <param name="asked">What was to be falsified.</param>
    /// <param name="plants">What was falsified, with what came of it.</param>
    public static Verdict Of(
        Findings findings, IReadOnlyList<string> wanting, IReadOnlyList<string> asked,
        IReadOnlyList<(string Plant, Findings New)> plants)
    {
        if (!findings.IsProven)
        {
            return asked.Count == 0
                ? new(Breach, "BREACH: what is above isn't as it must be")
                : new(Unsaid, "BREACH before anything was planted: the plants say nothing");
        }

        if (wanting.Count > 0)
        {
            return new(Unsaid, $"not enough was done to prove anything: {string.Join(", ", wanting)}");
        }

        var missed = plants.Where(plant => !plant.New.Kinds.Contains(Plant.BreachOf(plant.Plant))).ToList();
        return missed.Count > 0
            ? new(Unsaid, "the checker is blind: "
                + string.Join(", ", missed.Select(plant => $"{plant.Plant} made no breach of {Plant.BreachOf(plant.Plant)}")))
            : plants.Count > 0
                ? new(Breach, "BREACH as planted: "
                    + string.Join(", ", plants.Select(plant => $"{plant.Plant} is a breach of {Plant.BreachOf(plant.Plant)}")))
                : new(Proven, "everything is proven");
    }
}
