namespace ArdorQr.VerifyOperations;

/// <summary>What became of the check.</summary>
/// <param name="Count">How many operations were checked.</param>
/// <param name="Head">The last one's hash.</param>
/// <param name="Faults">What is wrong, in the operations' order; empty when all is well.</param>
/// <param name="Notes">What the reader should know of how far the check went.</param>
internal sealed record Verdict(int Count, string Head, IReadOnlyList<string> Faults, IReadOnlyList<string> Notes)
{
    /// <param name="wallet">Whose list it should be.</param>
    /// <param name="operations">The list, in any order; the same operation may be there twice.</param>
    /// <param name="checkpoints">Checkpoints of this wallet.</param>
    /// <param name="keys">Who may have signed them; without a key signatures aren't checked.</param>
    public static Verdict Of(
        Wallet wallet, IReadOnlyCollection<Operation> operations, IReadOnlyCollection<Checkpoint> checkpoints,
        SigningKeys keys)
    {
        var faults = new List<string>();
        var trusted = Trusted(wallet, checkpoints, keys, faults);
        var list = operations.Distinct().OrderBy(row => row.Sequence).ThenBy(row => row.CreatedAt).ToList();
        new ChainWalk(wallet, list, trusted, faults).Run();
        foreach (var checkpoint in trusted)
        {
            Compare(list, checkpoint, faults);
        }

        return new Verdict(list.Count, list.Count == 0 ? Canonical.NoHash : list[^1].Hash, faults,
            NotesOf(list, trusted, keys));
    }

    /// <summary>The checkpoints that may be relied on.</summary>
    private static List<Checkpoint> Trusted(
        Wallet wallet, IEnumerable<Checkpoint> checkpoints, SigningKeys keys, List<string> faults)
    {
        var trusted = new List<Checkpoint>();
        foreach (var checkpoint in checkpoints.OrderBy(row => row.Sequence))
        {
            var name = $"The checkpoint of {Canonical.TimeOf(checkpoint.CreatedAt)} at operation {checkpoint.Sequence}";
            if (checkpoint.MerchantId != wallet.MerchantId || checkpoint.Mode != wallet.Mode)
            {
                faults.Add($"{name} is of another wallet.");
            }
            else if (keys.Any && !keys.HaveSigned(checkpoint))
            {
                faults.Add($"{name} isn't signed by the given key: it was altered, or another signed it.");
            }
            else
            {
                trusted.Add(checkpoint);
            }
        }

        return trusted;
    }

    private static void Compare(List<Operation> list, Checkpoint checkpoint, List<string> faults)
    {
        var name = $"the checkpoint of {Canonical.TimeOf(checkpoint.CreatedAt)}";
        var last = list.Count == 0 ? 0 : list[^1].Sequence;
        if (checkpoint.Sequence > last)
        {
            faults.Add($"The tail was cut: the list ends with operation {last}, and {name} knows {checkpoint.Sequence}.");
            return;
        }

        foreach (var operation in list.Where(row => row.Sequence == checkpoint.Sequence))
        {
            if (operation.Hash != checkpoint.Hash)
            {
                faults.Add($"The chain was rewritten: operation {operation.Sequence} has another hash than {name} says.");
            }
            else if (operation.BalanceAfterMinor != checkpoint.BalanceMinor)
            {
                faults.Add(
                    $"After operation {operation.Sequence} the balance is {operation.BalanceAfterMinor}, and {name} says "
                    + $"{checkpoint.BalanceMinor}.");
            }
        }
    }

    private static List<string> NotesOf(List<Operation> list, List<Checkpoint> trusted, SigningKeys keys)
    {
        var notes = new List<string>();
        if (list.Count > 0)
        {
            notes.Add($"Operations {list[0].Sequence} to {list[^1].Sequence}, balance {list[^1].BalanceAfterMinor} kopecks.");
        }

        notes.Add((trusted.Count, keys.Any) switch
        {
            (0, _) => "No checkpoint was compared: a list that was rewritten or cut as a whole looks the same.",
            (var count, false) => $"{count} checkpoints were compared, their signatures not checked (--public-key).",
            (var count, true) => $"{count} signed checkpoints were compared.",
        });
        return notes;
    }
}
