using System.Text;
using System.Text.Json.Nodes;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Features;
using ArdorQr.Payments.Tests.Fakes;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests.Model;

/// <summary>One payment through a random story, told by its seed, and then to its end.</summary>
internal sealed class MoneyModelRun(PaymentsHarness payments, ModelRail rail, int seed) : IDisposable
{
    private const int AmountMinor = 125_000;
    private const int MaxSteps = 16;
    private const int MaxTurnsToTheEnd = 30;

    private static readonly (string, string?)[] Outcomes =
        [("completed", null), ("completed", null), ("completed", null), ("failed", "payee_rejected")];

    private readonly Random _random = new(seed);
    private readonly StringBuilder _story = new();
    private readonly List<Task> _turns = [];
    private readonly List<JsonObject> _heldDebits = [];
    private readonly HttpClient _client = payments.ClientOf(payments.MerchantId); // Its token lasts a minute.
    private Guid _id;

    public string Story => _story.ToString();

    public void Dispose() => _client.Dispose();

    public async Task RunAsync()
    {
        rail.Begin(Outcomes[_random.Next(Outcomes.Length)]);
        payments.Ledger.Before = null;
        payments.Ledger.After = null;
        payments.Ledger.Balance = _random.Next(3) == 0 ? AmountMinor - 1 : AmountMinor * 3;
        var before = payments.Ledger.Balance;
        _id = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = AmountMinor }, _client));
        await OpenAsync();
        for (var steps = _random.Next(MaxSteps); steps > 0; steps--)
        {
            before += await StepAsync();
        }

        await EndAsync();
        await MoneyModelVerdict.JudgeAsync(payments, rail, _id, before, AmountMinor, Tell);
    }

    /// <summary>Most stories begin with a turn that goes wrong: by chance alone few would come that far.</summary>
    private async Task OpenAsync()
    {
        Fate[] openings = [Fate.Delayed, Fate.Delayed, Fate.Held, Fate.AnswerLost, Fate.CallerDies];
        if (_random.Next(6) is var opening && opening < openings.Length)
        {
            await ConfirmAsync(Fate.Answered);
            await TakeTurnAsync(openings[opening]);
        }
    }

    /// <summary>Returns what came into the wallet from outside.</summary>
    private async Task<long> StepAsync()
    {
        switch (_random.Next(16))
        {
            case 0 or 1:
                await ConfirmAsync((Fate)_random.Next((int)Fate.Held));
                break;
            case 2:
                Tell("recovery");
                await payments.RecoverAsync();
                break;
            case 3:
                Tell("a held debit arrives");
                _heldDebits.ForEach(payments.Ledger.DeliverLate);
                break;
            case 4:
                Tell("top-up");
                payments.Ledger.Balance += AmountMinor;
                return AmountMinor;
            case 5 when _random.Next(4) == 0:
                Tell("the payment's life ends");
                await payments.EndLifeAsync(_id);
                await payments.ExpireDueAsync();
                break;
            case 6:
                Tell("the lease runs out");
                await SetAsync("leased_until = clock_timestamp()");
                break;
            case 7 when _random.Next(2) == 0:
                Tell("callback");
                await CallBackAsync();
                break;
            case 7:
                await HearAsync(RandomFate());
                break;
            case 8 or 9:
                Tell("the bank goes on");
                rail.Progress();
                break;
            case 10:
                Tell("delayed calls arrive");
                rail.DeliverDelayed();
                break;
            case 11:
                Tell("held answers arrive");
                await LetGoAsync();
                break;
            case 12:
                await PassTimeAsync();
                break;
            case 13:
                await SettleAsync();
                break;
            default:
                await TakeTurnAsync(RandomFate(), RandomFate());
                break;
        }

        return 0;
    }

    private async Task ConfirmAsync(Fate fate)
    {
        Tell($"confirm, {fate}");
        payments.Ledger.Before = fate switch
        {
            Fate.Lost => static _ => throw new HttpRequestException("The connection was cut."),
            Fate.Delayed => HoldBackAsync,
            _ => null,
        };
        payments.Ledger.After = fate == Fate.AnswerLost
            ? static _ => throw new HttpRequestException("The answer was lost.")
            : null;
        using var response = await payments.PostAsync($"/v1/payments/{_id}/confirm", null, client: _client);
        (payments.Ledger.Before, payments.Ledger.After) = (null, null);
        Tell($"  answered {(int)response.StatusCode}");
    }

    private async Task HoldBackAsync(HttpRequestMessage request)
    {
        if (request.RequestUri!.AbsolutePath == "/internal/debits")
        {
            _heldDebits.Add(JsonNode.Parse(await request.Content!.ReadAsByteArrayAsync(Token))!.AsObject());
        }

        throw new HttpRequestException("The connection was cut.");
    }

    private async Task TakeTurnAsync(params Fate[] fates)
    {
        await using var connection = await payments.Database.OpenAsync(Token);
        if (await SubmissionTable.TakeAsync(connection, _id, leaseSeconds: 60, Token) is not { } claim)
        {
            return;
        }

        Tell($"turn {claim.LeaseEpoch}: {string.Join(", ", fates)}");
        await PlayAsync(turn => turn.RunAsync(claim, Token), fates);
    }

    /// <summary>A callback that a free executor hears: the rail is asked without a lease.</summary>
    private async Task HearAsync(Fate fate)
    {
        Tell($"callback, heard at once: {fate}");
        await PlayAsync(turn => turn.HearAsync(_id, Token), fate);
    }

    private async Task PlayAsync(Func<ExecutePayment, Task> take, params Fate[] fates)
    {
        rail.Next(fates);
        var turn = RunTurnAsync(take);
        _turns.Add(turn);
        if (!fates.Contains(Fate.Held))
        {
            await turn;
        }
        else
        {
            await Task.WhenAny(turn, rail.HeldAsync());
        }

        rail.ForgetFates();
    }

    private async Task RunTurnAsync(Func<ExecutePayment, Task> take)
    {
        try
        {
            await take(payments.Services.GetRequiredService<ExecutePayment>());
        }
        catch (InvalidOperationException exception) when (exception.Message == "The process ends here.")
        {
            // Nothing was recorded, and the lease stays until it runs out.
        }
    }

    private async Task PassTimeAsync()
    {
        switch (_random.Next(3))
        {
            case 0:
                Tell("the cut-off passes here");
                await SetAsync("not_after = clock_timestamp()");
                break;
            case 1:
                Tell("the cut-off passes at the bank");
                rail.IsPastCutOff = true;
                break;
            default:
                Tell("the review time passes");
                await SetAsync("review_after = clock_timestamp()");
                break;
        }
    }

    private async Task SettleAsync()
    {
        var outcome = _random.Next(2) == 0 ? "completed" : "failed";
        var fate = RandomFate();
        rail.Next(fate == Fate.Held ? Fate.Answered : fate);
        using var client = payments.ServiceClient("gateway", "payments:operate");
        using var response = await payments.PostAsync(
            $"/internal/payments/{_id}/settle", new { outcome, reason = "Банк ответил письмом" }, client: client);
        Tell($"settle as {outcome}, {fate}: answered {(int)response.StatusCode}");
        rail.ForgetFates();
    }

    /// <summary>Turns whose answers were held go on to their end, late as they are.</summary>
    private Task LetGoAsync()
    {
        rail.LetGo();
        return Task.WhenAll(_turns);
    }

    private async Task CallBackAsync()
    {
        using var response = await RailCallback.SendAsync(payments, RailCallback.Body(_id, "completed"));
        Assert.Equal(204, (int)response.StatusCode);
    }

    /// <summary>The network is well again, everything that was under way arrives, and time goes by.</summary>
    private async Task EndAsync()
    {
        Tell("--- all is well again");
        await LetGoAsync();
        _heldDebits.ForEach(payments.Ledger.DeliverLate);
        await payments.RecoverAsync();
        if (_random.Next(4) == 0)
        {
            rail.DeliverDelayed(); // Else they come when all is over, if the bank's clock is behind even in time.
        }

        await SetAsync("not_after = least(not_after, clock_timestamp())");
        rail.IsPastCutOff |= _random.Next(4) == 0;
        for (var turn = 0; turn < MaxTurnsToTheEnd && await IsOpenAsync(); turn++)
        {
            rail.Progress();
            await SetAsync("leased_until = clock_timestamp()");
            await TakeTurnAsync(Fate.Answered);
        }

        rail.DeliverDelayed();
        rail.ProgressToTheEnd();
        _heldDebits.ForEach(payments.Ledger.DeliverLate);
        Assert.False(await IsOpenAsync(), "The rail is still asked.");
        await RefundAsync();
    }

    private Task<bool> IsOpenAsync() => payments.ScalarAsync<bool>(
        "SELECT EXISTS (SELECT FROM payments.submission WHERE payment_id = @id AND due_at IS NOT NULL)", new { id = _id });

    /// <summary>Ledger's part: each PaymentRejected is one refund, however often it is told.</summary>
    private async Task RefundAsync()
    {
        if (await StateAsync() != "refunding")
        {
            return;
        }

        payments.Ledger.Balance += AmountMinor;
        for (var times = _random.Next(1, 3); times > 0; times--)
        {
            await payments.TellRefundedAsync(_id, AmountMinor);
        }

        await Eventually.TrueAsync(async () => await StateAsync() == "failed", Token);
    }

    private Task<string> StateAsync() =>
        payments.ScalarAsync<string>("SELECT state FROM payments.payment WHERE payment_id = @id", new { id = _id });

    private Task SetAsync(string what) =>
        payments.ExecuteSqlAsync($"UPDATE payments.submission SET {what} WHERE payment_id = @id", new { id = _id });

    private Fate RandomFate() => _random.Next(2) == 0 ? Fate.Answered : (Fate)_random.Next(Enum.GetValues<Fate>().Length);

    private void Tell(string what) => _story.AppendLine(what);
}
