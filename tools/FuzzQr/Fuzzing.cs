using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.FuzzQr;

/// <summary>What a run has found.</summary>
/// <param name="Coverage">How often each outcome was reached.</param>
/// <param name="Differences">Where the readers disagree, or the one under test has thrown.</param>
internal sealed record FuzzResult(IReadOnlyDictionary<string, int> Coverage, IReadOnlyCollection<string> Differences);

/// <summary>Mutates the samples and reads each by both readers. A block of iterations has a seed of its own.</summary>
internal static class Fuzzing
{
    private const int BlockSize = 5_000;
    private const int MaxDifferences = 1_000;

    private static readonly IReadOnlyList<string> Samples = ReadSamples();

    /// <summary>What the unchanged samples come to: a run should reach all of it.</summary>
    public static IReadOnlySet<string> SampleOutcomes { get; } =
        Samples.Select(sample => Label(Rendering.Of(QrReader.Read(sample, QrTables.Shipped)))).ToHashSet();

    public static FuzzResult Run(int iterations, int seed)
    {
        var coverage = new ConcurrentDictionary<string, int>();
        var differences = new ConcurrentQueue<string>();
        var blocks = (iterations + BlockSize - 1) / BlockSize;
        Parallel.For(0, blocks, block =>
        {
            var mutator = new Mutator(Samples, new Random(unchecked((seed * 31) + block)));
            for (var left = Math.Min(BlockSize, iterations - (block * BlockSize)); left > 0; left--)
            {
                var outcome = Compare(mutator.Next(), differences);
                coverage.AddOrUpdate(Label(outcome), 1, static (_, count) => count + 1);
            }
        });
        return new FuzzResult(coverage, differences);
    }

    private static string Compare(FuzzedCode code, ConcurrentQueue<string> differences)
    {
        string ours;
        try
        {
            ours = Rendering.Of(code.Bytes is { } bytes
                ? QrReader.Read(bytes.AsSpan(), QrTables.Shipped)
                : QrReader.Read(code.Text, QrTables.Shipped));
        }
        catch (Exception exception)
        {
            ours = $"threw {exception.GetType().Name}: {exception.Message}";
        }

        var theirs = code.Bytes is null ? NaiveReader.Read(code.Text) : NaiveReader.Read(code.Bytes);
        if (ours != theirs && differences.Count < MaxDifferences)
        {
            differences.Enqueue($"- {JsonSerializer.Serialize(code)}\n  reader: {ours}\n  naive:  {theirs}");
        }

        return ours;
    }

    /// <summary>The outcome without what differs from code to code.</summary>
    private static string Label(string rendered) => rendered[..rendered.IndexOf('\n', StringComparison.Ordinal)];

    private static List<string> ReadSamples()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "samples", "qr.json")));
        var inputs = document.RootElement.GetProperty("cases").EnumerateArray().Select(sample => sample.GetProperty("input"));
        return [.. inputs.Where(input => input.TryGetProperty("qr", out _)).Select(input => input.GetProperty("qr").GetString()!)];
    }
}

/// <summary>A code to read: as text, or as bytes when a scanner gives them.</summary>
internal sealed record FuzzedCode(string Text, byte[]? Bytes);

/// <summary>A reading as text: the outcome on the first line, its particulars after.</summary>
internal static class Rendering
{
    public static string Of(QrReading reading) => reading switch
    {
        QrReading.Payable { Code: SbpQrCode code } => Sbp(
            code.Kind == SbpKind.Dynamic ? "dynamic" : "static", code.QrcId, code.MemberId, code.Amount?.Value,
            code.CanonicalUrl, code.HasChecksum),
        QrReading.Payable { Code: BankTransferQrCode code } => Transfer(
            code.Fields, code.Amount?.Value, code.PayeeInn, code.Purpose, code.Warnings),
        QrReading.Refused { Refusal: var refusal } => Refused(
            refusal.Code, refusal.Details?.GetValueOrDefault("format"), refusal.Details?.GetValueOrDefault("field")),
        _ => throw new ArgumentException($"An unexpected reading: {reading.GetType().Name}.", nameof(reading)),
    };

    public static string Sbp(string kind, string id, string? member, long? amount, string url, bool hasChecksum) =>
        $"payable sbp {kind}\n{id} {member} {amount} {url} {hasChecksum}";

    public static string Transfer(
        IReadOnlyDictionary<string, string> fields, long? amount, string? inn, string? purpose, IEnumerable<string> warnings)
    {
        var text = new StringBuilder($"payable st00012 {string.Join(',', warnings)}\n{amount} {inn} {purpose}");
        foreach (var (key, value) in fields.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            text.Append('\n').Append(key).Append('=').Append(value);
        }

        return text.ToString();
    }

    public static string Refused(string code, string? format = null, string? field = null)
    {
        // A version or a type in a format's name is any number: no outcome of its own.
        var family = format switch
        {
            ['s', 't', '0', ..] when format != "st00012" => "st",
            ['s', 'b', 'p', '_', 't', ..] => "sbp_type",
            _ => format,
        };
        return $"{code} {family} {field}\n{format}";
    }
}
