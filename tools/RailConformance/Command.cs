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

          --url           where /rail/v1/… is
          --qr, --amount  a payable code and the sum to pay it with: the transfer must complete
          --failing-qr    a code whose transfer must fail, with the sum; without it that isn't checked
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
        return await RunAsync(http, options, Console.Out, stop.Token);
    }

    /// <param name="http">With the adapter's base address.</param>
    /// <param name="options">What the adapter knows.</param>
    /// <param name="output">A line per check, and the sum.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<int> RunAsync(
        HttpClient http, Options options, TextWriter output, CancellationToken cancellationToken)
    {
        var (passed, failed) = (0, 0);
        foreach (var (name, check) in Checks.All)
        {
            string? fault;
            try
            {
                await check(new Rail(http, options.Token!), options, cancellationToken);
                fault = null;
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

        await output.WriteLineAsync($"{passed} passed, {failed} failed");
        return failed == 0 ? Conforms : Fails;
    }
}

/// <summary>What an adapter got wrong.</summary>
internal sealed class NonConformance(string message) : Exception(message);
