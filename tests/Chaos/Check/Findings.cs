namespace ArdorQr.Chaos.Check;

/// <summary>What the checker found: what holds, in a line each, and every breach by its kind.</summary>
internal sealed class Findings
{
    private const int MaxShownPerKind = 10;

    private readonly List<string> _proven = [];
    private readonly List<(string Kind, string What)> _breaches = [];

    public IReadOnlyList<string> Kinds => [.. _breaches.Select(breach => breach.Kind).Distinct()];

    public bool IsProven => _breaches.Count == 0;

    /// <summary>The breaches that weren't there before.</summary>
    public Findings Since(Findings before)
    {
        var since = new Findings();
        since._proven.AddRange(_proven);
        since._breaches.AddRange(_breaches.Except(before._breaches));
        return since;
    }

    public void Holds(string what) => _proven.Add(what);

    /// <param name="kind">Stable: <c>wallet</c>, <c>rail</c>, <c>event</c>, …</param>
    /// <param name="what">With the ids by which to look it up.</param>
    public void Breach(string kind, string what) => _breaches.Add((kind, what));

    public void Expect(bool holds, string kind, Func<string> what)
    {
        if (!holds)
        {
            Breach(kind, what());
        }
    }

    public IEnumerable<string> Lines()
    {
        foreach (var line in _proven)
        {
            yield return $"found  {line}";
        }

        foreach (var kind in _breaches.GroupBy(breach => breach.Kind))
        {
            foreach (var (_, what) in kind.Take(MaxShownPerKind))
            {
                yield return $"BREACH {kind.Key}: {what}";
            }

            if (kind.Count() > MaxShownPerKind)
            {
                yield return $"BREACH {kind.Key}: and {kind.Count() - MaxShownPerKind} more";
            }
        }
    }
}
