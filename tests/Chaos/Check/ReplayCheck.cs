using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>A request that was made again after all was over, under its old key.</summary>
internal sealed record Replay(KeptAnswer First, Answer Again);

/// <summary>The same key gets the same answer, byte by byte, whatever was killed since.</summary>
internal static class ReplayCheck
{
    private const int MostPayments = 40;

    public static void Run(Evidence evidence, Findings findings)
    {
        foreach (var (first, again) in evidence.Replays)
        {
            findings.Expect(
                first.Answer.Status == again.Status && first.Answer.Text == again.Text, "replay",
                () => $"POST {first.Path} with the key {first.Key} was answered {(int)first.Answer.Status} "
                    + $"{first.Answer.Text} and is now answered {(int)again.Status} {again.Text}");
        }

        findings.Holds($"{evidence.Replays.Count} requests made again under their keys");
    }

    /// <summary>Asks the first steps and the confirms of some payments again, spread over the run.</summary>
    public static async Task<IReadOnlyList<Replay>> AskAsync(
        Journal journal, IReadOnlyList<Merchant> merchants, CancellationToken cancellationToken)
    {
        var replays = new List<Replay>();
        var answered = journal.Payments.Where(payment => payment.Created is not null).ToList();
        var step = Math.Max(1, answered.Count / MostPayments);
        foreach (var payment in answered.Where((_, index) => index % step == 0).Take(MostPayments))
        {
            foreach (var kept in new[] { payment.Created, payment.Confirmed }.OfType<KeptAnswer>())
            {
                var again = await merchants[payment.Merchant].Api.SendAsync(
                    HttpMethod.Post, kept.Path, kept.Body, kept.Key, cancellationToken);
                replays.Add(new Replay(kept, again));
            }
        }

        return replays;
    }
}
