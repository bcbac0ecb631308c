using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Benchmarks.Messaging;
using ArdorQr.Benchmarks.Webhooks;

namespace ArdorQr.Benchmarks;

/// <summary>The command behind <c>./bench</c>. Not top-level statements: the services' own are all called Program.</summary>
internal static class BenchProgram
{
    private static async Task<int> Main(string[] args)
    {
        if (args is [BareEndpoint.Command, var connectionString, var port])
        {
            await BareEndpoint.RunAsync(connectionString, port);
            return 0;
        }

        if (args is [BareProxy.ServiceCommand, var servicePort])
        {
            await BareProxy.RunServiceAsync(servicePort);
            return 0;
        }

        if (args is [BareProxy.ProxyCommand, var proxyPort, var service])
        {
            await BareProxy.RunProxyAsync(proxyPort, service);
            return 0;
        }

        if (args is [BenchReceiver.Command, var receiverPort])
        {
            await BenchReceiver.RunAsync(receiverPort);
            return 0;
        }

        if (args is [BenchSender.Command, var side, var senderPort])
        {
            await BenchSender.RunAsync(side, senderPort);
            return 0;
        }

        if (args.Length == 0)
        {
            Console.WriteLine("Usage: ./bench NAME [--seconds N] [--rounds N] [--part PART]; the benches are:");
            foreach (var bench in Bench.All)
            {
                var parts = bench.Parts.Count == 0 ? "" : $" (parts: {string.Join(", ", bench.Parts)})";
                Console.WriteLine($"  {bench.Name,-16}{bench.Summary}{parts}");
            }

            return 0;
        }

        if (BenchOptions.TryParse(args.AsSpan(1)) is not { } options || Bench.Find(args[0], options) is not { } chosen)
        {
            await Console.Error.WriteLineAsync($"error: unknown: {string.Join(' ', args)}; ./bench alone lists what there is.");
            return 2;
        }

        using var interrupted = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true; // The servers are ended in order on the way out.
            interrupted.Cancel();
        };
        try
        {
            await chosen.RunAsync(options, interrupted.Token);
            return 0;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return 130;
        }
    }
}
