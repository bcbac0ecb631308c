using System.Net;
using System.Text.Json;

namespace ArdorQr.Chaos.Load;

/// <summary>
/// A client's way with a payment, step by step. What it is told goes to the journal; what it may never be told is a
/// fault there.
/// </summary>
internal sealed class Shopper(Journal journal)
{
    private const int PageLimit = 20;
    private const string AlreadyPaid = "qr_already_paid";

    /// <summary>The published table of test mode: which endings are refused when the code is read.</summary>
    private static readonly Dictionary<int, string> RefusedAtOnce = new() { [4] = AlreadyPaid, [16] = "qr_cancelled" };

    public static string? RefusalOf(int ending) => RefusedAtOnce.GetValueOrDefault(ending);

    public async Task PrepareAsync(
        Merchant merchant, PaymentRecord record, bool twice, CancellationToken cancellationToken)
    {
        const string path = "/v1/payments";
        var body = new { qr = record.Code, reference = record.Key };
        var first = await PostAsync(merchant, path, body, record.Key, cancellationToken);
        if (first.Status == HttpStatusCode.Created)
        {
            record.Id = first.Body.GetProperty("id").GetGuid();
            record.Created = new KeptAnswer(path, body, record.Key, first);
        }
        else if (first.Code is { } code
            && (code == RefusalOf(record.Ending) || (record.IsContended && code == AlreadyPaid)))
        {
            record.Refusal = code;
        }
        else
        {
            journal.Fault($"payment: {record.AmountMinor} was answered {(int)first.Status} {first.Text}");
        }

        if (twice)
        {
            var again = await PostAsync(merchant, path, body, record.Key, cancellationToken);
            if (again.Status != first.Status || again.Text != first.Text)
            {
                journal.Fault($"payment: the same key got {(int)first.Status} {first.Text} "
                    + $"and then {(int)again.Status} {again.Text}");
            }
        }
    }

    /// <summary>Once, or twice at a time under two keys.</summary>
    public async Task ConfirmAsync(
        Merchant merchant, PaymentRecord record, bool twice, CancellationToken cancellationToken)
    {
        record.ConfirmSentAt = TimeProvider.System.GetUtcNow();
        var path = $"/v1/payments/{record.Id}/confirm";
        await Task.WhenAll(Enumerable.Range(0, twice ? 2 : 1).Select(async number =>
        {
            var key = $"{record.Key}-confirm-{number}";
            TakeConfirm(record, new KeptAnswer(path, null, key, await PostAsync(merchant, path, null, key, cancellationToken)));
        }));
    }

    /// <summary>What a till does after a confirm: the payment, the balance and the last operations.</summary>
    public async Task LookAsync(Merchant merchant, PaymentRecord record, CancellationToken cancellationToken)
    {
        if (await GetAsync(merchant, $"/v1/payments/{record.Id}", cancellationToken) is { } payment)
        {
            Saw(record, payment);
        }

        if (await GetAsync(merchant, "/v1/balance", cancellationToken) is { } balance
            && balance.GetProperty("balanceMinor").GetInt64() < 0)
        {
            journal.Fault($"read: merchant {merchant.Id} was shown the balance {balance}");
        }

        if (await GetAsync(merchant, $"/v1/operations?limit={PageLimit}", cancellationToken) is { } page
            && !IsWhole([.. page.GetProperty("operations").EnumerateArray()]))
        {
            journal.Fault($"read: merchant {merchant.Id} was shown operations that don't follow each other: {page}");
        }
    }

    /// <summary>Newest first: each begins where the next one of the page ends, and is later.</summary>
    private static bool IsWhole(List<JsonElement> operations) => operations.Zip(operations.Skip(1)).All(pair =>
        pair.First.GetProperty("balanceAfterMinor").GetInt64() - pair.First.GetProperty("amountMinor").GetInt64()
            == pair.Second.GetProperty("balanceAfterMinor").GetInt64()
        && pair.First.GetProperty("createdAt").GetDateTimeOffset() > pair.Second.GetProperty("createdAt").GetDateTimeOffset());

    private void TakeConfirm(PaymentRecord record, KeptAnswer kept)
    {
        var answer = kept.Answer;
        switch (answer)
        {
            case { Status: HttpStatusCode.OK }:
                record.IsConfirmed = true;
                record.Confirmed = kept;
                Saw(record, answer.Body);
                break;
            case { Code: "payment_duplicate" } when record.IsContended:
                record.IsDuplicate = true;
                break;
            case { Code: "payment_expired" } when IsOver(record):
                record.IsExpired = true;
                break;
            default:
                journal.Fault($"confirm: {record.Id} was answered {(int)answer.Status} {answer.Text}");
                break;
        }
    }

    private static bool IsOver(PaymentRecord record) =>
        record.Created!.Answer.Body.GetProperty("expiresAt").GetDateTimeOffset() <= TimeProvider.System.GetUtcNow();

    /// <summary>After an answered confirm a payment is never shown as if there were none, and its end never changes.</summary>
    private void Saw(PaymentRecord record, JsonElement payment)
    {
        var status = payment.GetProperty("status").GetString()!;
        if (record.IsConfirmed && status is "resolved" or "expired")
        {
            journal.Fault($"read: {record.Id} was confirmed, and then shown as {status}");
        }

        if (EndOf(payment) is { } end)
        {
            if (record.SeenEnd is { } seen && seen != end)
            {
                journal.Fault($"read: {record.Id} was shown as {seen}, and then as {end}");
            }

            record.SeenEnd = end;
        }
    }

    /// <summary>Null as long as it has none.</summary>
    public static string? EndOf(JsonElement payment) => payment.GetProperty("status").GetString() switch
    {
        "completed" => "completed",
        "failed" => $"failed {payment.GetProperty("failureReason").GetString()}",
        _ => null,
    };

    private async Task<Answer> PostAsync(
        Merchant merchant, string path, object? body, string key, CancellationToken cancellationToken)
    {
        var answer = await merchant.Api.SendAsync(HttpMethod.Post, path, body, key, cancellationToken);
        journal.Repeated($"POST {path}", answer.Failures);
        return answer;
    }

    /// <summary>Null, and a fault, when it was refused.</summary>
    private async Task<JsonElement?> GetAsync(Merchant merchant, string path, CancellationToken cancellationToken)
    {
        var answer = await merchant.Api.SendAsync(HttpMethod.Get, path, null, null, cancellationToken);
        journal.Repeated($"GET {path}", answer.Failures);
        journal.CountRead();
        if (answer.Status == HttpStatusCode.OK)
        {
            return answer.Body;
        }

        journal.Fault($"read: GET {path} was answered {(int)answer.Status} {answer.Text}");
        return null;
    }
}
