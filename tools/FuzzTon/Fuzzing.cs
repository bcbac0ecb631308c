using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using ArdorQr.Ton;

namespace ArdorQr.FuzzTon;

/// <summary>What a run has found.</summary>
/// <param name="Coverage">How often each outcome was reached.</param>
/// <param name="Faults">Inputs that were neither read nor refused, read wrongly, or took too much.</param>
/// <param name="Slowest">The longest that one input took.</param>
/// <param name="MostBytes">The most that one input had allocated.</param>
internal sealed record FuzzResult(
    IReadOnlyDictionary<string, int> Coverage, IReadOnlyCollection<string> Faults, TimeSpan Slowest, long MostBytes);

/// <summary>Mutates the samples and reads each. A block of iterations has a seed of its own.</summary>
internal static class Fuzzing
{
    public const string RefusedPrefix = "bag refused: ";

    private const int BlockSize = 5_000;
    private const int MaxFaults = 1_000;
    private const int AddressesInTen = 3;
    private const int MaxRepeats = 3;

    /// <summary>No input may have more allocated than this for each byte of it, and a little.</summary>
    private const int MaxBytesPerByte = 400;
    private const int MaxBytesAtLeast = 256 * 1024;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(1);

    public static FuzzResult Run(int iterations, int seed)
    {
        var coverage = new ConcurrentDictionary<string, int>();
        var faults = new ConcurrentQueue<string>();
        var (slowest, mostBytes, gate) = (0L, 0L, new Lock());
        var blocks = (iterations + BlockSize - 1) / BlockSize;
        Parallel.For(0, blocks, block =>
        {
            var mutator = new Mutator(new Random(unchecked((seed * 31) + block)));
            var (blockSlowest, blockMost) = (0L, 0L);
            for (var left = Math.Min(BlockSize, iterations - (block * BlockSize)); left > 0; left--)
            {
                var input = mutator.Random.Next(10) < AddressesInTen ? mutator.NextAddress() : mutator.NextBag();
                var (took, bytes) = Measure(input, coverage, faults);
                (blockSlowest, blockMost) = (Math.Max(blockSlowest, took), Math.Max(blockMost, bytes));
            }

            lock (gate)
            {
                (slowest, mostBytes) = (Math.Max(slowest, blockSlowest), Math.Max(mostBytes, blockMost));
            }
        });
        return new FuzzResult(coverage, faults, Stopwatch.GetElapsedTime(0, slowest), mostBytes);
    }

    private static (long Took, long Bytes) Measure(
        FuzzedInput input, ConcurrentDictionary<string, int> coverage, ConcurrentQueue<string> faults)
    {
        var (outcome, took, bytes) = Try(input);
        // A machine that was busy elsewhere is no fault of the input: the best of a few counts.
        for (var repeat = 0; Stopwatch.GetElapsedTime(0, took) > MaxTime && repeat < MaxRepeats; repeat++)
        {
            took = Math.Min(took, Try(input).Took);
        }

        coverage.AddOrUpdate(outcome, 1, static (_, count) => count + 1);
        var fault = outcome.StartsWith("threw ", StringComparison.Ordinal) ? outcome
            : Stopwatch.GetElapsedTime(0, took) > MaxTime ? "took too long"
            : bytes > MaxBytesAtLeast + ((long)input.Length * MaxBytesPerByte) ? $"took {bytes} bytes"
            : null;
        if (fault is not null && faults.Count < MaxFaults)
        {
            faults.Enqueue($"{fault}: {input}");
        }

        return (took, bytes);
    }

    private static (string Outcome, long Took, long Bytes) Try(FuzzedInput input)
    {
        var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        string outcome;
        try
        {
            outcome = input.Bag is { } bag ? ReadBag(bag) : ReadAddress(input.Text!);
        }
        catch (Exception exception)
        {
            outcome = $"threw {exception.GetType().Name}: {exception.Message}";
        }

        return (outcome, Stopwatch.GetTimestamp() - began, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string ReadBag(byte[] bag)
    {
        Cell cell;
        try
        {
            cell = BagOfCells.Parse(bag);
        }
        catch (TonFormatException refused)
        {
            return RefusedPrefix + refused.Message;
        }

        if (!cell.Equals(BagOfCells.Parse(BagOfCells.Serialize(cell, crc32c: bag.Length % 2 == 0, index: bag.Length % 3 == 0))))
        {
            throw new InvalidOperationException("It was written otherwise than it was read.");
        }

        return "bag read: " + Kind(cell);
    }

    /// <summary>By the first message that it can be; all readers must bear any cell.</summary>
    private static string Kind(Cell cell)
    {
        var isTransfer = JettonMessages.TryParse(cell, out JettonTransfer? transfer);
        var isInternal = JettonMessages.TryParse(cell, out InternalTransfer? moved);
        var isNotification = JettonMessages.TryParse(cell, out TransferNotification? notification);
        var (isBurn, isExcess) = (JettonMessages.TryParse(cell, out JettonBurn? _), JettonMessages.TryParse(cell, out Excesses? _));
        var isComment = TextComment.TryRead(cell, out _);
        var comment = (transfer?.ForwardPayload ?? moved?.ForwardPayload ?? notification?.ForwardPayload)?.Comment;
        CheckWritten(transfer, moved);
        return (isTransfer ? "transfer" : isInternal ? "internal_transfer" : isNotification ? "transfer_notification"
            : isBurn ? "burn" : isExcess ? "excesses" : isComment ? "comment" : cell.IsExotic ? "library cell" : "other cell")
            + (comment is null ? "" : " with a comment");
    }

    private static void CheckWritten(JettonTransfer? transfer, InternalTransfer? moved)
    {
        if ((transfer is { ForwardPayload.InRef: true }
                && (!JettonMessages.TryParse(JettonMessages.Write(transfer), out JettonTransfer? again) || again != transfer))
            || (moved is { ForwardPayload.InRef: true }
                && (!JettonMessages.TryParse(JettonMessages.Write(moved), out InternalTransfer? back) || back != moved)))
        {
            throw new InvalidOperationException("A message was written otherwise than it was read.");
        }
    }

    private static string ReadAddress(string text)
    {
        if (!TonAddress.TryParse(text, out var address, out var flags))
        {
            return "address refused";
        }

        var again = flags is { } friendly ? address.ToFriendly(friendly.Bounceable, friendly.TestOnly) : address.ToRaw();
        if (!TonAddress.TryParse(again, out var same) || same != address
            || (flags is not null && text.Replace('+', '-').Replace('/', '_') != again))
        {
            throw new InvalidOperationException("An address was written otherwise than it was read.");
        }

        return flags is null ? "raw address read" : "friendly address read";
    }
}

/// <summary>One input: a bag's bytes or an address's text.</summary>
internal sealed record FuzzedInput(byte[]? Bag, string? Text)
{
    public int Length => Bag?.Length ?? Text!.Length;

    public override string ToString() => Bag is { } bag
        ? $"bag {Convert.ToHexStringLower(bag.AsSpan(0, Math.Min(bag.Length, 2_000)))}"
        : $"address {Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Text!))}";
}
