using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace ArdorQr.RailConformance;

/// <summary>What Payments relies on, check by check. Each makes transfers of its own.</summary>
internal static class Checks
{
    private const int Duplicates = 10;
    private const int MaxPages = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly string[] Statuses = ["accepted", "processing", "completed", "failed", "cancelled"];
    private static readonly string[] Final = ["completed", "failed", "cancelled"];

    private static readonly string[] Reasons =
    [
        "qr_expired", "qr_already_paid", "payee_rejected", "payee_account_invalid", "payee_bank_unavailable", "limit_exceeded",
        "compliance_declined", "rail_rejected",
    ];

    internal delegate Task Check(Rail rail, Options options, CancellationToken cancellationToken);

    public static IReadOnlyList<(string Name, Check Run)> All { get; } =
    [
        ("info names the environment", InfoAsync),
        ("a wrong token gets nothing", TokenAsync),
        ("a payable code is resolved", ResolveAsync),
        ("a text that is no code is unknown", ResolveUnknownAsync),
        ("an id that was never seen is 404", NeverSeenAsync),
        ("a cancelled id is dead for ever", CancelledAsync),
        ("an id first seen after notAfter is refused and not executed", TooLateAsync),
        ("a wrong sum or currency is refused and not executed", WrongBodyAsync),
        ("a transfer goes to completed and stays so", CompletesAsync),
        ("the same id with the same body is the same transfer, however often and at once", DuplicatesAsync),
        ("the same id with another body is 409 and changes nothing", ConflictAsync),
        ("cancelling a transfer that was seen tells its status", CancelSeenAsync),
        ("a failure names a known reason", FailsAsync),
        ("a transfer's end is called back, signed, and again when it isn't taken", CallsBackAsync),
        ("the statement lists each transfer once, with its status and sum", StatementAsync),
        ("a statement without times is refused", StatementTimesAsync),
    ];

    private static async Task InfoAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var info = Ok(await rail.InfoAsync(cancellationToken), "info");
        Require(info.Text("environment") is { Length: > 0 }, "info has no environment");
    }

    private static async Task TokenAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        foreach (var token in new[] { null, options.Token + "x" })
        {
            var stranger = rail.WithToken(token);
            Require((await stranger.InfoAsync(cancellationToken)).Status is HttpStatusCode.Unauthorized, "info answers without the token");
            var id = FreshId();
            var submitted = await stranger.SubmitAsync(id, Transfer(options), cancellationToken);
            Require(submitted.Status is HttpStatusCode.Unauthorized, $"a submission without the token is {(int)submitted.Status}");
            Require((await rail.AskAsync(id, cancellationToken)).Status is HttpStatusCode.NotFound, "it was executed without the token");
        }
    }

    private static async Task ResolveAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var resolved = Ok(await rail.ResolveAsync(options.Qr!, cancellationToken), "resolve");
        Require(resolved.Text("state") == "payable", $"the state is {resolved.Text("state")}, not payable");
        Require(
            resolved.Body!.Value.TryGetProperty("payee", out var payee) && payee.ValueKind == JsonValueKind.Object
                && payee.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
                && !string.IsNullOrWhiteSpace(name.GetString()),
            "payee.name is missing");
        Require(
            !resolved.Body.Value.TryGetProperty("amountMinor", out var amount) || amount.ValueKind == JsonValueKind.Null
                || (amount.TryGetInt64(out var kopecks) && kopecks > 0),
            "amountMinor is neither null nor a positive whole number");
    }

    private static async Task ResolveUnknownAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var resolved = Ok(await rail.ResolveAsync("no code at all", cancellationToken), "resolve");
        Require(resolved.Text("state") == "unknown", $"the state is {resolved.Text("state")}, not unknown");
    }

    private static async Task NeverSeenAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var answer = await rail.AskAsync(FreshId(), cancellationToken);
        Require(answer.Status is HttpStatusCode.NotFound, $"it is {(int)answer.Status}");
    }

    private static async Task CancelledAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var id = FreshId();
        Require(StatusOf(await rail.CancelAsync(id, cancellationToken), id) == "cancelled", "an unseen id isn't cancelled");
        var late = await rail.SubmitAsync(id, Transfer(options), cancellationToken);
        Require(!late.IsSuccess || StatusOf(late, id) == "cancelled", "a cancelled id was accepted later");
        Require(StatusOf(await rail.AskAsync(id, cancellationToken), id) == "cancelled", "it isn't cancelled any more");
        Require(StatusOf(await rail.CancelAsync(id, cancellationToken), id) == "cancelled", "cancelling again says otherwise");
    }

    private static Task TooLateAsync(Rail rail, Options options, CancellationToken cancellationToken) => RefusedAsync(
        rail, Transfer(options) with { NotAfter = ArdorQr.RailConformance.Transfer.At(Now().AddMinutes(-5)) }, cancellationToken);

    private static async Task WrongBodyAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        await RefusedAsync(rail, Transfer(options) with { AmountMinor = 0 }, cancellationToken);
        await RefusedAsync(rail, Transfer(options) with { AmountMinor = -1 }, cancellationToken);
        await RefusedAsync(rail, Transfer(options) with { Currency = "USD" }, cancellationToken);
    }

    private static async Task RefusedAsync(Rail rail, Transfer transfer, CancellationToken cancellationToken)
    {
        var id = FreshId();
        var answer = await rail.SubmitAsync(id, transfer, cancellationToken);
        Require((int)answer.Status is >= 400 and < 500 and not 409, $"it is {(int)answer.Status}, not a 4xx other than 409");
        Require((await rail.AskAsync(id, cancellationToken)).Status is HttpStatusCode.NotFound, "the refused id is known afterwards");
    }

    private static async Task CompletesAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var id = FreshId();
        var transfer = Transfer(options);
        StatusOf(await rail.SubmitAsync(id, transfer, cancellationToken), id);
        Require(await FinalAsync(rail, id, options, cancellationToken) == "completed", "it isn't completed");
        Require(StatusOf(await rail.AskAsync(id, cancellationToken), id) == "completed", "it doesn't stay completed");
        Require(StatusOf(await rail.SubmitAsync(id, transfer, cancellationToken), id) == "completed", "submitted again, it says otherwise");
    }

    private static async Task DuplicatesAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var id = FreshId();
        var transfer = Transfer(options);
        var answers = await Task.WhenAll(Enumerable.Range(0, Duplicates).Select(_ => rail.SubmitAsync(id, transfer, cancellationToken)));
        foreach (var answer in answers)
        {
            StatusOf(answer, id);
        }

        await FinalAsync(rail, id, options, cancellationToken);
        StatusOf(await rail.SubmitAsync(id, transfer, cancellationToken), id);
        Require((await ListedAsync(rail, cancellationToken)).Count(line => line.Id == id) == 1, "the statement doesn't list it once");
    }

    private static async Task ConflictAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var id = FreshId();
        var transfer = Transfer(options);
        StatusOf(await rail.SubmitAsync(id, transfer, cancellationToken), id);
        var other = await rail.SubmitAsync(id, transfer with { AmountMinor = transfer.AmountMinor + 100 }, cancellationToken);
        Require(other.Status is HttpStatusCode.Conflict, $"another body is {(int)other.Status}");
        Require(await FinalAsync(rail, id, options, cancellationToken) == "completed", "the first transfer isn't completed");
        Require((await ListedAsync(rail, cancellationToken)).Single(line => line.Id == id).AmountMinor == transfer.AmountMinor, "the sum has changed");
    }

    private static async Task CancelSeenAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var id = FreshId();
        StatusOf(await rail.SubmitAsync(id, Transfer(options), cancellationToken), id);
        Require(StatusOf(await rail.CancelAsync(id, cancellationToken), id) != "cancelled", "a transfer that was seen says cancelled");
        Require(await FinalAsync(rail, id, options, cancellationToken) == "completed", "it isn't completed after all");
    }

    private static async Task FailsAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        if (options.FailingQr is null)
        {
            throw new NotChecked("no --failing-qr");
        }

        var id = FreshId();
        var transfer = Transfer(options) with { Qr = options.FailingQr, AmountMinor = options.FailingAmountMinor };
        StatusOf(await rail.SubmitAsync(id, transfer, cancellationToken), id);
        Require(await FinalAsync(rail, id, options, cancellationToken) == "failed", "it doesn't fail");
        var reason = (await rail.AskAsync(id, cancellationToken)).Text("reason");
        Require(Reasons.Contains(reason), $"the reason {reason} isn't one of: {string.Join(", ", Reasons)}");
    }

    private static async Task CallsBackAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var callbacks = rail.Callbacks ?? throw new NotChecked("no --callback-listen");
        var id = FreshId();
        StatusOf(await rail.SubmitAsync(id, Transfer(options), cancellationToken), id);
        for (var began = Stopwatch.GetTimestamp(); ;)
        {
            var came = callbacks.Of(id);
            Require(came.All(callback => callback.Fault is null), came.FirstOrDefault(callback => callback.Fault is not null)?.Fault ?? "");
            if (came.Count >= 2)
            {
                break;
            }

            Require(
                Stopwatch.GetElapsedTime(began).TotalSeconds < options.PatienceSeconds,
                came.Count == 0 ? "no callback came" : "a callback that was answered 503 didn't come again");
            await Task.Delay(Pause, cancellationToken);
        }

        Require(await FinalAsync(rail, id, options, cancellationToken) == "completed", "it isn't completed");
    }

    private static async Task StatementAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var id = FreshId();
        var transfer = Transfer(options);
        StatusOf(await rail.SubmitAsync(id, transfer, cancellationToken), id);
        var status = await FinalAsync(rail, id, options, cancellationToken);
        var lines = (await ListedAsync(rail, cancellationToken)).Where(line => line.Id == id).ToList();
        Require(lines.Count == 1, $"it lists the transfer {lines.Count} times");
        Require(lines[0].Status == status, $"it says {lines[0].Status}, and the transfer {status}");
        Require(lines[0].AmountMinor == transfer.AmountMinor, $"it says {lines[0].AmountMinor} kopecks");
    }

    private static async Task StatementTimesAsync(Rail rail, Options options, CancellationToken cancellationToken)
    {
        var answer = await rail.StatementAsync("yesterday", "today", cancellationToken);
        Require((int)answer.Status is >= 400 and < 500, $"it is {(int)answer.Status}");
    }

    private static async Task<IReadOnlyCollection<(Guid Id, string Status, long AmountMinor)>> ListedAsync(
        Rail rail, CancellationToken cancellationToken)
    {
        var lines = new List<(Guid Id, string Status, long AmountMinor)>();
        var until = ArdorQr.RailConformance.Transfer.At(Now().AddMinutes(5));
        var next = ArdorQr.RailConformance.Transfer.At(Now().AddMinutes(-30));
        for (var pages = 0; next is not null && pages < MaxPages; pages++)
        {
            var page = Ok(await rail.StatementAsync(next, until, cancellationToken), "the statement");
            Require(
                page.Body!.Value.TryGetProperty("transfers", out var transfers) && transfers.ValueKind == JsonValueKind.Array,
                "the statement has no transfers");
            lines.AddRange(transfers.EnumerateArray().Select(LineOf));
            next = page.Text("nextFrom");
        }

        return [.. lines.Distinct()]; // A page may begin with what the one before has ended with.
    }

    private static (Guid Id, string Status, long AmountMinor) LineOf(JsonElement line)
    {
        Require(
            line.ValueKind == JsonValueKind.Object && line.TryGetProperty("id", out var id) && id.TryGetGuid(out _)
                && line.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String
                && line.TryGetProperty("amountMinor", out var amount) && amount.TryGetInt64(out _),
            "a line of the statement lacks id, status or amountMinor");
        return (line.GetProperty("id").GetGuid(), line.GetProperty("status").GetString()!, line.GetProperty("amountMinor").GetInt64());
    }

    /// <summary>Asks until the status is final.</summary>
    private static async Task<string> FinalAsync(Rail rail, Guid id, Options options, CancellationToken cancellationToken)
    {
        for (var began = Stopwatch.GetTimestamp(); ;)
        {
            var status = StatusOf(await rail.AskAsync(id, cancellationToken), id);
            if (Final.Contains(status))
            {
                return status;
            }

            Require(Stopwatch.GetElapsedTime(began).TotalSeconds < options.PatienceSeconds, $"still {status} after {options.PatienceSeconds} s");
            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>The status of a well-formed answer for our id.</summary>
    private static string StatusOf(Answer answer, Guid id)
    {
        var body = Ok(answer, "the answer");
        Require(Statuses.Contains(body.Text("status")), $"the status is {body.Text("status")}");
        Require(body.Text("id") is not { } other || other == id.ToString(), "the answer is for another id");
        return body.Text("status")!;
    }

    private static Answer Ok(Answer answer, string what)
    {
        Require(answer.IsSuccess, $"{what} is {(int)answer.Status}");
        Require(answer.Body is { ValueKind: JsonValueKind.Object }, $"{what} is no JSON object");
        return answer;
    }

    private static Transfer Transfer(Options options) => new(
        options.Qr!, "dynamic", JsonSerializer.SerializeToElement(new { name = "Conformance", bank = (string?)null, inn = (string?)null }),
        options.AmountMinor, "RUB", ArdorQr.RailConformance.Transfer.At(Now().AddMinutes(10)));

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    private static Guid FreshId() => Guid.CreateVersion7(Now());

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new NonConformance(otherwise);
        }
    }
}
