using System.Diagnostics;
using System.Text.Json;
using ArdorQr.Chaos.Hosting;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos.Check;

/// <summary>
/// Waits until nothing moves any more: every payment has its outcome or waits for an operator, every transfer on chain
/// is credited, every delivery is made, and the operator's reconciliation holds.
/// </summary>
internal sealed class Rest(House house, IReadOnlyList<Merchant> merchants, ApiCaller operators)
{
    private const int RecoverySeconds = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private long _recoveredAt;

    /// <summary>Null when all is at rest within the limit; otherwise what still isn't.</summary>
    public async Task<string?> WaitAsync(TimeSpan limit, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await RestlessAsync(since, cancellationToken) is not { } what)
            {
                return null;
            }

            if (Stopwatch.GetElapsedTime(began) > limit)
            {
                return what;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private async Task<string?> RestlessAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var truth = await SandboxTruth.ReadAsync(house, cancellationToken);
        var open = truth.Rail.Where(transfer => transfer.IsOpen).Select(transfer => transfer.Id).ToHashSet();
        foreach (var merchant in merchants)
        {
            var confirming = await MerchantView.ListAsync(merchant, "payments", cancellationToken, "status=confirming");
            var unsettled = confirming.Select(payment => payment.GetProperty("id").GetGuid())
                .FirstOrDefault(id => !open.Contains(id));
            if (unsettled != Guid.Empty)
            {
                return $"payment {unsettled} is still confirming";
            }
        }

        if (!(await Evidence.InReviewAsync(operators, cancellationToken)).ToHashSet().SetEquals(open))
        {
            return "what is in review isn't what the rail leaves open";
        }

        await RecoverWebhooksAsync(since, cancellationToken);
        foreach (var merchant in merchants)
        {
            var page = await merchant.Api.GetAsync(
                "/v1/webhooks/deliveries?status=pending&limit=1", cancellationToken);
            var pending = page.GetProperty("deliveries").EnumerateArray().FirstOrDefault();
            if (pending is { ValueKind: JsonValueKind.Object })
            {
                return $"the delivery {pending.GetProperty("id")} of {pending.GetProperty("eventType")} is pending";
            }
        }

        return await UnbalancedAsync(truth, cancellationToken);
    }

    private async Task<string?> UnbalancedAsync(SandboxTruth truth, CancellationToken cancellationToken)
    {
        foreach (var merchant in merchants)
        {
            var expected = truth.Chain.Count(transfer => transfer.Owner == merchant.Owner && transfer.IsCredited);
            var operations = await MerchantView.ListAsync(merchant, "operations", cancellationToken);
            var credited = operations.Count(operation => operation.GetProperty("type").GetString() == "deposit");
            if (credited < expected)
            {
                return $"merchant {merchant.Id} has {credited} of {expected} credits";
            }
        }

        var books = await operators.GetAsync("/operator/reconciliation", cancellationToken);
        return books.GetProperty("balanced").GetBoolean() ? null : "the books don't balance yet: " + string.Join(", ",
            books.GetProperty("checks").EnumerateArray().Where(check => !check.GetProperty("ok").GetBoolean())
                .Select(check => $"{check.GetProperty("name")} {check.GetProperty("expected")}/"
                    + $"{check.GetProperty("actual")} {check.GetProperty("details")}"));
    }

    /// <summary>
    /// What a merchant does whose server was away: the attempts that failed are made again now, not in hours.
    /// </summary>
    private async Task RecoverWebhooksAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        if (_recoveredAt != 0 && Stopwatch.GetElapsedTime(_recoveredAt).TotalSeconds < RecoverySeconds)
        {
            return;
        }

        _recoveredAt = Stopwatch.GetTimestamp();
        foreach (var merchant in merchants)
        {
            await merchant.Api.SendAsync(
                HttpMethod.Post, "/v1/webhooks/recover", new { since = since.ToString("O") }, null, cancellationToken);
        }
    }
}
