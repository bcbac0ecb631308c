using System.Text;
using System.Text.Json;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Payments.Domain.Qr;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>Reading a code, against one linear pass with CRC-16 over its text, and its result's strings alone.</summary>
internal static class ParserBench
{
    private const int MinIterations = 8;
    private const double TimesThePass = 4;
    private const double AllocationsOfResult = 1.001;

    public static Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var config = new ManualConfig { ArtifactsPath = Path.Combine(BenchFolder.Path, "benchmarkdotnet") }
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance).WithIterationCount(Math.Max(MinIterations, options.Rounds)))
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(ConsoleLogger.Default);
        var summary = BenchmarkRunner.Run<CodeReading>(config);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var code in CodeReading.Ids)
        {
            var (read, pass, copy) = (Of(summary, code, nameof(CodeReading.Read)), Of(summary, code, nameof(CodeReading.Pass)), Of(summary, code, nameof(CodeReading.Copy)));
            Figures.PrintAtMost($"parser-{code}/crc-pass", Nanoseconds(read) / Nanoseconds(pass), TimesThePass);
            Figures.PrintAtMost($"parser-{code}-bytes/result-bytes", Bytes(read) / Bytes(copy), AllocationsOfResult);
        }

        ParserGrowth.Print();
        return Task.CompletedTask;
    }

    private static BenchmarkReport Of(Summary summary, string code, string method) => summary.Reports.Single(report =>
        report.BenchmarkCase.Descriptor.WorkloadMethod.Name == method
        && (string)report.BenchmarkCase.Parameters[nameof(CodeReading.Id)] == code);

    /// <summary>Of the quickest iteration: what disturbs one only makes it slower.</summary>
    private static double Nanoseconds(BenchmarkReport report) => report.ResultStatistics!.Min;

    private static double Bytes(BenchmarkReport report) =>
        report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase)!.Value;
}

/// <summary>What is measured. Public and unsealed, as BenchmarkDotNet wants it.</summary>
[MemoryDiagnoser]
public class CodeReading
{
    private string _text = "";
    private QrCode? _code;

    /// <summary>A short link, a usual one, and a bank transfer in Russian with all that is optional.</summary>
    public static IReadOnlyList<string> Ids { get; } = ["sbp-short", "sbp-dynamic", "st00012"];

    [ParamsSource(nameof(Ids))]
    public string Id { get; set; } = "";

    [GlobalSetup]
    public void Prepare()
    {
        var path = Path.Combine(BenchFolder.Repository, "tests", "samples", "qr.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var payable = document.RootElement.GetProperty("cases").EnumerateArray()
            .Where(sample => sample.GetProperty("expect").GetProperty("ok").GetBoolean() && sample.GetProperty("input").TryGetProperty("qr", out _))
            .Select(sample => sample.GetProperty("input").GetProperty("qr").GetString()!)
            .ToList();
        _text = Id switch
        {
            "sbp-short" => payable.First(text => text.StartsWith("https", StringComparison.Ordinal) && !text.Contains('?', StringComparison.Ordinal)),
            "sbp-dynamic" => payable.First(text => text.StartsWith("https", StringComparison.Ordinal) && text.Contains("&sum=", StringComparison.Ordinal)),
            _ => payable.Where(text => text.StartsWith("ST00012", StringComparison.Ordinal) && !text.Contains('Ð', StringComparison.Ordinal)
                    && MisdecodedText.Repair(text, text[6]) is null)
                .MaxBy(text => text.Length)!,
        };
        _code = ((QrReading.Payable)QrReader.Read(_text, QrTables.Shipped)).Code;
    }

    /// <summary>The peer: one pass over the text's bytes with the checksum, without a copy of them.</summary>
    [Benchmark(Baseline = true)]
    public ushort Pass() => Crc16.Of(_text.AsSpan());

    [Benchmark]
    public object Read() => QrReader.Read(_text, QrTables.Shipped);

    /// <summary>What the result itself takes: its objects, and a copy of each string that comes from the text.</summary>
    [Benchmark]
    public object Copy() => _code switch
    {
        SbpQrCode sbp => new QrReading.Payable(sbp with
        {
            QrcId = new string(sbp.QrcId),
            MemberId = sbp.MemberId is null ? null : new string(sbp.MemberId),
            CanonicalUrl = new string(sbp.CanonicalUrl),
        }),
        BankTransferQrCode transfer => new QrReading.Payable(transfer with
        {
            Fields = CopyOf(transfer.Fields),
        }),
        _ => throw new InvalidOperationException("There is no code."),
    };

    private static Dictionary<string, string> CopyOf(IReadOnlyDictionary<string, string> fields)
    {
        var copy = new Dictionary<string, string>(fields.Count, StringComparer.Ordinal);
        foreach (var (key, value) in fields)
        {
            copy[IsKnown(key) ? key : new string(key)] = new string(value);
        }

        return copy;
    }

    private static bool IsKnown(string key) =>
        key is "Name" or "PersonalAcc" or "BankName" or "BIC" or "CorrespAcc" or "Sum" or "Purpose" or "PayeeINN";
}
