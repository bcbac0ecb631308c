using System.Diagnostics;
using ArdorQr.Benchmarks.Load;
using ArdorQr.Testing;

namespace ArdorQr.Benchmarks.Ledger;

/// <summary>POST /internal/debits over so many wallets, each with fresh ids; 1 ruble each.</summary>
internal sealed class DebitRequests(int wallets) : IRequests
{
    /// <summary>A service's token lives for a minute.</summary>
    private const int TokenSeconds = 20;

    private const string Path = "/internal/debits";

    private readonly Random _random = new(wallets);
    private RequestTemplate? _template;
    private long _madeAt;

    public RequestTemplate Template
    {
        get
        {
            if (_template is null || Stopwatch.GetElapsedTime(_madeAt).TotalSeconds > TokenSeconds)
            {
                (_template, _madeAt) = (Make(), Stopwatch.GetTimestamp());
            }

            return _template;
        }
    }

    public void Fill(RequestTemplate template, Span<byte> copy)
    {
        var now = TimeProvider.System.GetUtcNow();
        template.Write(copy, 1, Guid.CreateVersion7(now));
        template.Write(copy, 2, BenchWallets.MerchantOf(_random.Next(wallets)));
        template.Write(copy, 3, Guid.CreateVersion7(now));
    }

    private static RequestTemplate Make()
    {
        var body = $$"""
            {"id":"{{RequestTemplate.Slot(1)}}","merchantId":"{{RequestTemplate.Slot(2)}}","mode":"test","paymentId":"{{RequestTemplate.Slot(3)}}","amountMinor":100,"feeMinor":0,"totalMinor":100,"description":"Оплата по QR"}
            """;
        return new RequestTemplate(Path, TestIdentity.ServiceToken("payments", "ledger", "ledger:debit"), body, slots: 4);
    }
}

/// <summary>The bare endpoint's row, with a fresh id.</summary>
internal sealed class BareRequests : IRequests
{
    public RequestTemplate Template { get; } = new(
        Hosting.BareEndpoint.Path, token: null, $$"""{"id":"{{RequestTemplate.Slot(0)}}","amountMinor":100}""", slots: 1);

    public void Fill(RequestTemplate template, Span<byte> copy) =>
        template.Write(copy, 0, Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
}
