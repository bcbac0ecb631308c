using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Testing;

namespace ArdorQr.Ledger.Tests;

/// <summary>Books to audit, and the audit as it is asked for.</summary>
internal static class Auditing
{
    /// <summary>
    /// Seven operations of one wallet: two deposits, five debits of 1 to 5, two settled, one refunded (an eighth); a
    /// refusal and a void; another wallet in live; a checkpoint at the end.
    /// </summary>
    public static async Task FillAsync(this LedgerHost ledger, Guid merchant)
    {
        await ledger.DepositAsync(merchant, 9_000, fee: 10);
        await ledger.DepositAsync(merchant, 1_000);
        await ledger.DepositAsync(merchant, 70, Mode.Live);
        var debits = new List<DebitBody>();
        for (var payment = 1; payment <= 5; payment++)
        {
            debits.Add(Ids.Debit(merchant, payment));
            await ledger.DebitAsync(debits[^1]);
        }

        await ledger.DebitAsync(Ids.Debit(merchant, 1_000_000));
        await ledger.VoidAsync(Ids.Debit(merchant, 6));
        Assert.Null(await ledger.PublishAsync(Ids.Rejected(debits[0])));
        Assert.Null(await ledger.PublishAsync(Ids.Completed(debits[1])));
        Assert.Null(await ledger.PublishAsync(Ids.Completed(debits[2])));
        await ledger.GetAsync(merchant, "/v1/operations/checkpoint");
    }

    public static async Task<Dictionary<string, Check>> ReconcileAsync(this LedgerHost ledger)
    {
        using var client = ledger.Factory.ClientOfService("gateway", "ledger:reconcile");
        var answer = await client.GetFromJsonAsync<JsonElement>(
            new Uri("/internal/reconciliation", UriKind.Relative), LedgerHost.Token);
        return answer.GetProperty("checks").Deserialize<List<Check>>(JsonSerializerOptions.Web)!.ToDictionary(check => check.Name);
    }

    public static async Task<HttpStatusCode> HealthOfBooksAsync(this LedgerHost ledger, string status)
    {
        using var client = ledger.Factory.CreateClient();
        using var response = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), LedgerHost.Token);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(LedgerHost.Token);
        Assert.Equal(status, body.GetProperty("checks").GetProperty("books").GetProperty("status").GetString());
        return response.StatusCode;
    }
}

/// <summary>A check of the reconciliation, as a client reads it.</summary>
internal sealed record Check(string Name, bool Ok, long Expected, long Actual, string Details);
