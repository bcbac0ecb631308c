namespace ArdorQr.VerifyOperations;

/// <summary>Walks a wallet's operations in their order and names what doesn't follow.</summary>
internal sealed class ChainWalk(
    Wallet wallet, IReadOnlyList<Operation> operations, IReadOnlyList<Checkpoint> checkpoints, List<string> faults)
{
    private readonly List<Operation> _altered = [];

    public void Run()
    {
        if (operations.Count == 0)
        {
            return;
        }

        var before = Start();
        foreach (var operation in operations)
        {
            before = Follow(before, operation);
        }

        NameAltered();
    }

    /// <summary>What the first operation must continue: nothing, or a checkpoint from which the list was downloaded.</summary>
    private Link Start()
    {
        var first = operations[0];
        if (first.Sequence <= 1)
        {
            return new(0, Canonical.NoHash, 0, null);
        }

        if (checkpoints.FirstOrDefault(row => row.Sequence == first.Sequence - 1) is { } checkpoint)
        {
            return new(checkpoint.Sequence, checkpoint.Hash, checkpoint.BalanceMinor, null);
        }

        if (checkpoints.All(row => row.Sequence != first.Sequence))
        {
            faults.Add($"{Missing(1, first.Sequence - 1)}; a list begins with operation 1, or where a checkpoint was made.");
        }

        return new(first.Sequence - 1, first.PreviousHash, null, null);
    }

    private Link Follow(Link before, Operation operation)
    {
        var sequence = operation.Sequence;
        var name = $"Operation {sequence} ({operation.Id})";
        if (sequence <= before.Sequence)
        {
            faults.Add($"{name} stands twice: another operation has the same number, one was inserted.");
        }
        else if (sequence > before.Sequence + 1)
        {
            faults.Add($"{Missing(before.Sequence + 1, sequence - 1)}.");
        }
        else if (operation.PreviousHash != before.Hash)
        {
            faults.Add($"{name} doesn't continue operation {before.Sequence}: one was removed, inserted or exchanged there.");
        }

        if (HashOf(operation) != operation.Hash)
        {
            _altered.Add(operation);
        }
        else if (sequence == before.Sequence + 1)
        {
            CheckSums(before, operation, name);
        }

        return new(sequence, operation.Hash, operation.BalanceAfterMinor, operation.CreatedAt);
    }

    /// <summary>What a chain can hold and a wallet can't.</summary>
    private void CheckSums(Link before, Operation operation, string name)
    {
        if (before.Balance is { } balance && (Int128)balance + operation.AmountMinor != operation.BalanceAfterMinor)
        {
            faults.Add(
                $"{name} makes {operation.BalanceAfterMinor} of {balance} and {operation.AmountMinor}: its sums are wrong.");
        }

        if (operation.CreatedAt <= before.CreatedAt)
        {
            faults.Add($"{name} isn't later than the one before.");
        }
    }

    /// <summary>An operation that is right under another one's number was moved, not altered.</summary>
    private void NameAltered()
    {
        const int maxCompared = 100;
        var compared = _altered.Take(maxCompared).ToList();
        foreach (var operation in _altered)
        {
            var name = $"Operation {operation.Sequence} ({operation.Id})";
            var place = compared.FirstOrDefault(other => other != operation
                && HashOf(operation with { Sequence = other.Sequence }) == operation.Hash);
            faults.Add(place is null
                ? $"{name} was altered: its hash isn't of what it shows."
                : $"{name} was moved: it is operation {place.Sequence}.");
        }
    }

    private string? HashOf(Operation operation)
    {
        try
        {
            return Canonical.HashOf(wallet, operation);
        }
        catch (FormatException)
        {
            return null; // What it continues isn't even a hash.
        }
    }

    private static string Missing(long first, long last) =>
        first == last ? $"Operation {first} is missing" : $"Operations {first} to {last} are missing";

    /// <summary>What stood before; null where it isn't known.</summary>
    private sealed record Link(long Sequence, string Hash, long? Balance, DateTime? CreatedAt);
}
