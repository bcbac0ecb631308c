using ArdorQr.Benchmarks.Deposits;
using ArdorQr.Benchmarks.Gateway;
using ArdorQr.Benchmarks.Ledger;
using ArdorQr.Benchmarks.Messaging;
using ArdorQr.Benchmarks.Payments;
using ArdorQr.Benchmarks.Webhooks;

namespace ArdorQr.Benchmarks;

/// <summary>One bench: what is measured against which peer, in one run.</summary>
/// <param name="Name">As <c>./bench NAME</c> calls it.</param>
/// <param name="Summary">One line for the list.</param>
/// <param name="RunAsync">Starts what it needs, prints, and ends what it started.</param>
internal sealed record Bench(string Name, string Summary, Func<BenchOptions, CancellationToken, Task> RunAsync)
{
    /// <summary>What <c>--part</c> may name.</summary>
    public IReadOnlyList<string> Parts { get; private init; } = [];

    public static IReadOnlyList<Bench> All { get; } =
    [
        new("ledger", "debits by HTTP and in process, spread and hot, against pgbench; p99 against a bare endpoint",
            LedgerBench.RunAsync),
        new("gateway", "a GET through the Gateway against a bare YARP and the service alone; needs wrk", GatewayBench.RunAsync),
        new("payments", "payments through the gateway to the webhook, spread and on one merchant; commits and messages each",
            PaymentsBench.RunAsync)
        { Parts = PaymentsBench.Parts },
        new("messaging", "our outbox, rows to consumed messages, against the bare clients and Wolverine's; rows of a killed process",
            MessagingBench.RunAsync),
        new("parser", "reading a QR code against one pass with CRC-16, its allocations, and its time on texts ten times as long",
            ParserBench.RunAsync),
        new("ledger --memory", "Ledger's memory over 1 million debits by HTTP", LedgerMemoryBench.RunAsync),
        new("deposits", "requests to the chain, processor time and memory with up to 1,000,000 addresses; time to the webhook",
            DepositsBench.RunAsync),
        new("webhooks", "deliveries against a bare HttpClient loop, idle latency, a backlog of 100,000, 100 of 1,000 endpoints that hang",
            WebhooksBench.RunAsync)
        { Parts = WebhooksBench.Parts },
        new("ledger --audit", "the auditor's time as the history grows to 1 million entries", LedgerAuditBench.RunAsync),
    ];

    public static Bench? Find(string name, BenchOptions options)
    {
        var whole = options.Memory ? $"{name} --memory" : options.Audit ? $"{name} --audit" : name;
        return All.FirstOrDefault(bench =>
            bench.Name == whole && (options.Part is null || bench.Parts.Contains(options.Part)));
    }
}
