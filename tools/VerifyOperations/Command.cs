using System.Security.Cryptography;
using System.Text.Json;

namespace ArdorQr.VerifyOperations;

/// <summary>The command: reads what was downloaded, says OK or what is wrong.</summary>
internal static class Command
{
    public const int Ok = 0;
    public const int Wrong = 1;
    public const int Unusable = 2;

    private const int MaxFaultsShown = 20;

    private const string Usage =
        """
        Verifies the operations of one wallet, as GET /v1/operations gave them.

          verify-operations --merchant <id> --mode <test|live> [--checkpoint <file>]... [--public-key <key>]... <pages>...

          <pages>              files with the list's pages, in any order; several JSON values in a file are fine
          --checkpoint <file>  what GET /v1/operations/checkpoint gave earlier, kept by you
          --public-key <key>   the key that must have signed the checkpoints: a PEM file, or base64

        Ends with 0 when all is well, 1 when something is wrong, 2 when there is nothing to verify.
        """;

    public static Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, _) => stop.Cancel();
        return RunAsync(args, Console.Out, stop.Token);
    }

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        if (Arguments.TryParse(args) is not { } arguments)
        {
            await output.WriteLineAsync(Usage);
            return Unusable;
        }

        try
        {
            var operations = await Downloads.OperationsAsync(arguments.Pages, cancellationToken);
            var checkpoints = await Downloads.CheckpointsAsync(arguments.Checkpoints, cancellationToken);
            using var keys = SigningKeys.Read(arguments.PublicKeys);
            var verdict = Verdict.Of(new Wallet(arguments.MerchantId, arguments.Mode), operations, checkpoints, keys);
            await SayAsync(verdict, output);
            return verdict.Faults.Count == 0 ? Ok : Wrong;
        }
        catch (Exception exception) when (exception is JsonException or IOException or FormatException
            or CryptographicException or UnauthorizedAccessException)
        {
            await output.WriteLineAsync($"Can't be read: {exception.Message}");
            return Unusable;
        }
    }

    private static async Task SayAsync(Verdict verdict, TextWriter output)
    {
        if (verdict.Faults.Count > 0)
        {
            await output.WriteLineAsync($"WRONG: faults {verdict.Faults.Count}, operations {verdict.Count}");
            foreach (var fault in verdict.Faults.Take(MaxFaultsShown))
            {
                await output.WriteLineAsync($"- {fault}");
            }

            if (verdict.Faults.Count > MaxFaultsShown)
            {
                await output.WriteLineAsync($"- and {verdict.Faults.Count - MaxFaultsShown} more");
            }
        }
        else
        {
            await output.WriteLineAsync($"OK: {verdict.Count} operations, head {verdict.Head}");
        }

        foreach (var note in verdict.Notes)
        {
            await output.WriteLineAsync(note);
        }
    }
}
