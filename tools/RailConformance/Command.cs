using System.Net;

namespace ArdorQr.RailConformance;

/// <summary>The command: asks an adapter everything that Payments relies on, and says what it got wrong.</summary>
internal static class Command
{
    public const int Conforms = 0;
    public const int Fails = 1;
    public const int Unusable = 2;

    private const string Usage =
        """
        Checks an adapter of a payment rail against the contract (rail-openapi.yaml). It makes real transfers: use a test account.

          rail-conformance --url <base> --token <bearer> --qr <code> --amount <kopecks>
                           [--failing-qr <code> --failing-amount <kopecks>] [--patience <seconds>]
                           [--callback-listen <base> --callback-secret <secret>]

          --url           where /rail/v1/… is
          --qr, --amount  a payable code and the sum to pay it with: the transfer must complete
          --failing-qr    a code whose transfer must fail, with the sum; without it that isn't checked
          --callback-listen, --callback-secret
                          where the adapter is set to call back to, a http address of this machine, and what it signs
                          with; without them callbacks aren't checked: the contract leaves them to the adapter
          --patience      how long a transfer may take to its final status, 60 s unless given

        Ends with 0 when the adapter conforms, 1 when it doesn't, 2 when it can't be asked.
        """;

    public static async Task<int> Main(string[] args)
    {
        if (Options.TryParse(args) is not { } options)
        {
            await Console.Out.WriteLineAsync(Usage);
            return Unusable;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, _) => stop.Cancel();
        var url = options.Url!.AbsoluteUri;
        using var http = new HttpClient { BaseAddress = new Uri(url.EndsWith('/') ? url : url + '/') };
        try
        {
            return await RunAsync(http, options, Console.Out, stop.Token);
        }
        catch (HttpListenerException exception)
        {
            await Console.Out.WriteLineAsync($"Nobody can listen at {options.CallbackListen}: {exception.Message}");
            return Unusable;
        }
    }

    /// <param name="http">With the adapter's base address.</param>
    /// <param name="options">What the adapter knows.</param>
    /// <param name="output">A line per check, and the sum.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<int> RunAsync(
        HttpClient http, Options options, TextWriter output, CancellationToken cancellationToken)
    {
        await using var callbacks = options.CallbackListen is { } url
            ? new CallbackListener(url, options.CallbackSecret!)
            : null;
        var rail = new Rail(http, options.Token!, callbacks);
        var (passed, failed, skipped) = (0, 0, 0);
        foreach (var (name, check) in Checks.All)
        {
            string? fault;
            try
            {
                await check(rail, options, cancellationToken);
                fault = null;
            }
            catch (NotChecked exception)
            {
                skipped++;
                await output.WriteLineAsync($"skip  {name}: {exception.Message}");
                continue;
            }
            catch (NonConformance exception)
            {
                fault = exception.Message;
            }
            catch (HttpRequestException exception)
            {
                fault = $"the connection failed: {exception.Message}";
            }

            (passed, failed) = fault is null ? (passed + 1, failed) : (passed, failed + 1);
            await output.WriteLineAsync(fault is null ? $"ok    {name}" : $"FAIL  {name}: {fault}");
        }

        await output.WriteLineAsync($"{passed} passed, {failed} failed" + (skipped > 0 ? $", {skipped} not checked" : ""));
        return failed == 0 ? Conforms : Fails;
    }
}

/// <summary>What an adapter got wrong.</summary>
internal sealed class NonConformance(string message) : Exception(message);

/// <summary>What was not given to check something with.</summary>
internal sealed class NotChecked(string message) : Exception(message);
