using System.Globalization;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests.Model;

/// <summary>
/// Whatever the order of submissions, delayed duplicates, answers, losses, crashes, callbacks, questions, cancellations,
/// settlements by hand and late completions: the merchant's money and the payee's money add up. A failure names its
/// seed; ARDORQR_MODEL_SEED=n ARDORQR_MODEL_RUNS=1 repeats it.
/// </summary>
public sealed class MoneyModelTests
{
    private const int DefaultRuns = 80;
    private const int DefaultSeed = 20_260_619;

    [Fact]
    public async Task Money_adds_up_whatever_happens_in_whatever_order()
    {
        var rail = new ModelRail();
        await using var payments = await StartAsync(
            new()
            {
                ["Payments:Rails:Test:Retries"] = "0", // Each call is one step of the model.
                ["Payments:Rails:Test:TimeoutSeconds"] = "60",
                ["Payments:Rails:Test:BreakSeconds"] = "1",
            },
            before: harness => harness.OtherRail = rail);
        var first = Number("ARDORQR_MODEL_SEED", DefaultSeed);
        for (var seed = first; seed < first + Number("ARDORQR_MODEL_RUNS", DefaultRuns); seed++)
        {
            using var run = new MoneyModelRun(payments, rail, seed);
            try
            {
                await run.RunAsync();
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}: {exception.Message}\n{run.Story}", exception);
            }
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;
}
