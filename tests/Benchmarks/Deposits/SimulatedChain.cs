using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using ArdorQr.Ton;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Benchmarks.Deposits;

/// <summary>An index of <see cref="SimulatedBlocks"/> by toncenter's protocol, and a rate source; it counts what it is asked.</summary>
internal sealed class SimulatedChain : IAsyncDisposable
{
    private const long FirstSeqno = 50_000_000;
    private const int StartedBlocks = 5; // So that the first round has something behind it.

    private readonly WebApplication _app;
    private readonly SimulatedBlocks _blocks;
    private readonly ConcurrentDictionary<string, long> _asked = [];
    private long _began = Stopwatch.GetTimestamp();
    private DateTimeOffset _beganAt = TimeProvider.System.GetUtcNow();

    private SimulatedChain(WebApplication app, SimulatedBlocks blocks, double blockSeconds) =>
        (_app, _blocks, BlockSeconds) = (app, blocks, blockSeconds);

    public double BlockSeconds { get; }

    /// <summary>The newest block that is shown.</summary>
    public long Head => StartedBlocks + (long)(Stopwatch.GetElapsedTime(_began).TotalSeconds / BlockSeconds);

    public static long SeqnoOf(long block) => FirstSeqno + block;

    public static async Task<SimulatedChain> StartAsync(
        int port, SimulatedBlocks blocks, double blockSeconds, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        var chain = new SimulatedChain(app, blocks, blockSeconds);
        var api = app.MapGroup("/api/v3");
        api.MapGet("/masterchainInfo", () => chain.Answer("head", chain.HeadJson()));
        api.MapGet("/jetton/transfers", (HttpRequest request) => chain.Answer("transfers", chain.Transfers(request)));
        api.MapGet("/transactions", (HttpRequest request) => chain.Answer("transactions", chain.Transactions(request)));
        api.MapGet("/jetton/wallets", (HttpRequest request) => chain.Answer("wallets", chain.Wallets(request)));
        api.MapPost("/runGetMethod", () => chain.Answer("get method", chain.WalletOfProbe()));
        app.MapGet("/rate", () => Results.Text(RateJson(), "application/json"));
        await app.StartAsync(cancellationToken);
        return chain;
    }

    /// <summary>The chain begins now: what took time before isn't to be caught up with.</summary>
    public void Begin() => (_began, _beganAt) = (Stopwatch.GetTimestamp(), TimeProvider.System.GetUtcNow());

    /// <summary>When a block was shown first.</summary>
    public DateTimeOffset ShownAt(long block) => _beganAt.AddSeconds((block - StartedBlocks) * BlockSeconds);

    /// <summary>How often each kind was asked for so far.</summary>
    public Dictionary<string, long> Asked() => new(_asked);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Answer(string kind, string json)
    {
        _asked.AddOrUpdate(kind, 1, static (_, count) => count + 1);
        return Results.Text(json, "application/json");
    }

    private string HeadJson()
    {
        var head = Head;
        return string.Create(CultureInfo.InvariantCulture,
            $$$"""
            {"last":{"seqno":{{{SeqnoOf(head)}}},"global_id":-3,"gen_utime":"{{{TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}}}","end_lt":"{{{SimulatedBlocks.EndLt(head)}}}"}}
            """);
    }

    private string Transfers(HttpRequest request)
    {
        var (start, end) = (Number(request, "start_lt"), Math.Min(Number(request, "end_lt"), SimulatedBlocks.EndLt(Head)));
        var (limit, offset) = ((int)Number(request, "limit"), (int)Number(request, "offset"));
        var owners = request.Query["owner_address"];
        var isOurs = owners.Count > 0;
        if (isOurs && !owners.Contains(_blocks.Owner.ToRawUpper()))
        {
            return """{"jetton_transfers":[]}""";
        }

        var rows = new List<string>();
        for (var block = SimulatedBlocks.BlockOf(start); block <= SimulatedBlocks.BlockOf(end) && rows.Count < offset + limit; block++)
        {
            rows.AddRange(_blocks.Rows(block, isOurs).Where(row => row.Lt >= start && row.Lt <= end).Select(row => row.Row));
        }

        return $$"""{"jetton_transfers":[{{string.Join(',', rows.Skip(offset).Take(limit))}}]}""";
    }

    private string Transactions(HttpRequest request)
    {
        var found = new StringBuilder();
        if (request.Query["hash"] is [{ } hash])
        {
            var own = Enumerable.Range(0, (int)Head + 1).Select(block => _blocks.Own(block)).LastOrDefault(own => own.SenderHash == hash);
            found.Append(own?.Sender);
        }
        else if (request.Query["account"] is [{ } account] && account == _blocks.Wallet.ToRawUpper())
        {
            var first = SimulatedBlocks.BlockOf(Number(request, "start_lt"));
            var blocks = Enumerable.Range((int)first, (int)Math.Clamp(Head - first + 1, 0, Number(request, "limit")));
            found.AppendJoin(',', blocks.Select(block => _blocks.Own(block).Receiver));
        }

        return $$"""{"transactions":[{{found}}]}""";
    }

    private string Wallets(HttpRequest request)
    {
        var head = Head;
        return request.Query["owner_address"].Contains(_blocks.Owner.ToRawUpper())
            ? string.Create(CultureInfo.InvariantCulture,
                $$"""
                {"jetton_wallets":[{"address":"{{_blocks.Wallet.ToRawUpper()}}","balance":"{{SimulatedBlocks.Micros * (head + 1)}}",
                "jetton":"{{_blocks.Master.ToRawUpper()}}","last_transaction_lt":"{{_blocks.Own(head).ReceiverLt}}"}]}
                """)
            : """{"jetton_wallets":[]}""";
    }

    /// <summary>The one owner that is asked about is ours.</summary>
    private string WalletOfProbe() =>
        $$"""
        {"exit_code":0,"stack":[{"type":"cell","value":"{{BagOfCells.ToBase64(new CellBuilder().StoreAddress(_blocks.Wallet).Build())}}"}]}
        """;

    private static string RateJson() =>
        $$"""{"pair":"USDT/RUB","bid":92.34,"at":"{{TimeProvider.System.GetUtcNow().UtcDateTime:O}}","environment":"sandbox"}""";

    private static long Number(HttpRequest request, string name) =>
        long.TryParse(request.Query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
