using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// docs/restore.md, done: a base backup and the archive of the log, a restore to a point in time with the scripts of
/// deploy/backup, and recovery mode. The sandbox keeps its own database: it is the outside, which doesn't go back. It has
/// a system of its own, and settings of the process with it, so that `./test` runs it as a program of its own.
/// </summary>
public sealed partial class RestoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ardorqr-restore-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Archive => Path.Combine(_folder, "archive");

    private string Cluster => Path.Combine(_folder, "data", "postgres");

    [Fact]
    public async Task A_restore_to_a_point_in_time_pays_nothing_twice_loses_no_deposit_and_gives_no_number_again()
    {
        MakeFolders();
        Merchant merchant;
        Before before;
        await using (var system = await StartAsync())
        {
            merchant = await Merchant.RegisterAsync(system, Token);
            before = await LiveAsync(system, merchant);
        }

        await using var receiver = merchant;
        await DestroyAndRestoreAsync(before);
        await using var restored = await StartAsync(
            $"Recovery:Since={before.Since:O}", "Recovery:SettleMinutes=0", "Recovery:NumberJump=1000");
        merchant.MoveTo(restored);
        var heard = merchant.Webhooks.All.Count;

        await HeldBackAsync(restored, merchant, before, heard);
        await EndedAsync(restored, merchant, before, heard);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>What happened before the restored state and after it, as its merchant and the rail know it.</summary>
    private sealed record Before
    {
        public required string BaseBackup { get; init; }

        public required DateTimeOffset Since { get; init; }

        /// <summary>What the merchant has, by all that both the restored state and the outside know.</summary>
        public required long Balance { get; init; }

        /// <summary>Prepared before, confirmed and completed after.</summary>
        public required string Confirmed { get; init; }

        /// <summary>Confirmed before, completed after.</summary>
        public required WebhookReceiver.Received Completed { get; init; }

        /// <summary>The code of a payment that was made and completed after.</summary>
        public required string LostQr { get; init; }

        public required string LostPayment { get; init; }

        /// <summary>Of a deposit after.</summary>
        public required WebhookReceiver.Received Credited { get; init; }

        /// <summary>Of a merchant who was registered after.</summary>
        public required string LostAddress { get; init; }

        public required IReadOnlyList<string> RailTransfers { get; init; }
    }

    private async Task<Before> LiveAsync(RunningSystem system, Merchant merchant)
    {
        var first = await merchant.TopUpAsync(100m, Token);
        var paid = await merchant.PayAsync("dynamic", 10_000, Token);
        await merchant.PaymentEventAsync("payment.completed", paid, Token);

        var superuser = await system.SuperuserConnectionStringAsync("ledger", Token);
        var baseBackup = (await RunAsync("base-backup", Of(superuser), Path.Combine(_folder, "backups"))).Trim();

        // In the log only: these must come back by its replay.
        var second = await merchant.TopUpAsync(50m, Token);
        var resolved = await PrepareAsync(merchant, await merchant.FreshQrAsync("dynamic", 30_000, Token));
        var slow = await merchant.PayAsync("dynamic", 20_010, Token); // Ten seconds in processing.
        await merchant.PaymentEventAsync("payment.processing", slow, Token);
        var since = await TimeAsync(superuser);

        // What is lost.
        var third = await merchant.TopUpAsync(25m, Token);
        (await merchant.PostAsync($"/v1/payments/{resolved}/confirm", null, Token)).Expect(HttpStatusCode.OK);
        await merchant.PaymentEventAsync("payment.completed", resolved, Token);
        var lostQr = await merchant.FreshQrAsync("static", 40_000, Token);
        var lost = await PrepareAsync(merchant, lostQr, 40_000);
        (await merchant.PostAsync($"/v1/payments/{lost}/confirm", null, Token)).Expect(HttpStatusCode.OK);
        await merchant.PaymentEventAsync("payment.completed", lost, Token);
        var completed = await merchant.PaymentEventAsync("payment.completed", slow, Token);
        string lostAddress;
        await using (var other = await Merchant.RegisterAsync(system, Token))
        {
            lostAddress = (await other.GetAsync("/v1/deposit-address", Token)).Text("address");
        }

        await SwitchLogAsync(superuser);
        return new Before
        {
            BaseBackup = baseBackup,
            Since = since,
            Balance = Credit(first) + Credit(second) + Credit(third) - 10_000 - 20_010,
            Confirmed = resolved,
            Completed = completed,
            LostQr = lostQr,
            LostPayment = lost,
            Credited = merchant.Webhooks.All.Single(received =>
                received.Type == "deposit.credited" && IdOf(received.Data) == IdOf(third)),
            LostAddress = lostAddress,
            RailTransfers = await RailTransfersAsync(system),
        };
    }

    /// <summary>The cluster is gone with its disk, and the broker with its own; the sandbox isn't.</summary>
    private async Task DestroyAndRestoreAsync(Before before)
    {
        Directory.Delete(Cluster, recursive: true);
        Directory.Delete(Path.Combine(_folder, "data", "rabbitmq"), recursive: true);
        var printed = await RunAsync("restore", null, before.BaseBackup, Archive, Cluster, $"{before.Since:O}");
        Assert.StartsWith("Recovery__Since=", printed);
    }

    private static async Task HeldBackAsync(RunningSystem system, Merchant merchant, Before before, int heard)
    {
        var refused = await merchant.PostAsync($"/v1/payments/{before.Confirmed}/confirm", null, Token);
        Assert.Equal("service_unavailable", refused.ErrorCode);

        // The lost deposit comes again from the chain, once; the open payment's end is asked for.
        await Eventually.TrueAsync(async () => await IsMatchedAsync(system), Token, limitSeconds: 180);
        await Eventually.TrueAsync(
            async () => (await merchant.GetAsync($"/v1/payments/{IdOf(before.Completed.Data)}", Token)).Text("status") == "completed",
            Token, limitSeconds: 60);
        Assert.Equal(before.Balance, await merchant.BalanceAsync(Token));
        var deposits = (await merchant.GetAsync("/v1/deposits", Token)).Body.GetProperty("deposits").EnumerateArray().ToList();
        Assert.Equal(3, deposits.Count);
        Assert.Equal(IdOf(before.Credited.Data), IdOf(deposits[0]));
        Assert.Equal(3, (await merchant.OperationsAsync(Token)).Count(operation =>
            operation.GetProperty("type").GetString() == "deposit"));

        // A new merchant has a number, and so an address, that nobody ever had.
        await using var fresh = await Merchant.RegisterAsync(system, Token);
        Assert.NotEqual(before.LostAddress, (await fresh.GetAsync("/v1/deposit-address", Token)).Text("address"));

        Assert.Equal(heard, merchant.Webhooks.All.Count);
        Assert.Equal(before.RailTransfers, await RailTransfersAsync(system));
        var open = await OpenTransfersAsync(system);
        Assert.Equal("unknown here", open[before.LostPayment]);
        Assert.Equal("never debited", open[before.Confirmed]);
        Assert.Equal(2, open.Count);
    }

    private static async Task EndedAsync(RunningSystem system, Merchant merchant, Before before, int heard)
    {
        using var operators = await system.OperatorAsync(Token);
        using var ended = await operators.PostAsJsonAsync("/operator/recovery/end", new { reason = "сверено" }, Token);
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.True((await ended.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("ended").GetBoolean());

        // Webhooks leave again; what the merchant has had already has the same ids.
        await Eventually.TrueAsync(
            () => Task.FromResult(AgainOf(merchant, heard).IsSupersetOf([before.Credited.EventId, before.Completed.EventId])),
            Token, limitSeconds: 60);

        // What the rail has paid and we don't know of is not paid again, by its id or by its code. Each service sees the
        // end within a round of its own, so the first answer may still be the 503 that a client repeats.
        await Eventually.TrueAsync(async () => await ConfirmCodeAsync() != "service_unavailable", Token, limitSeconds: 30);
        Assert.Equal("payment_duplicate", await ConfirmCodeAsync());
        var again = await PrepareAsync(merchant, before.LostQr, 40_000);
        Assert.Equal("payment_duplicate", (await merchant.PostAsync($"/v1/payments/{again}/confirm", null, Token)).ErrorCode);
        Assert.Equal(before.RailTransfers, await RailTransfersAsync(system));

        // An operator has booked it: a code that may be paid many times is free again.
        using var closed = await operators.PostAsJsonAsync(
            $"/operator/recovery/transfers/{before.LostPayment}/close", new { reason = "списано корректировкой" }, Token);
        Assert.Equal(HttpStatusCode.OK, closed.StatusCode);
        (await merchant.PostAsync($"/v1/payments/{again}/confirm", null, Token)).Expect(HttpStatusCode.OK);
        await merchant.PaymentEventAsync("payment.completed", again, Token);
        Assert.Equal(before.Balance - 40_000, await merchant.BalanceAsync(Token));
        Assert.Equal([.. before.RailTransfers, again], await RailTransfersAsync(system));

        async Task<string?> ConfirmCodeAsync() =>
            (await merchant.PostAsync($"/v1/payments/{before.Confirmed}/confirm", null, Token)).ErrorCode;
    }

    private static HashSet<Guid> AgainOf(Merchant merchant, int heard) =>
        [.. merchant.Webhooks.All.Skip(heard).Select(received => received.EventId)];

    private static async Task<bool> IsMatchedAsync(RunningSystem system)
    {
        using var operators = await system.OperatorAsync(Token);
        using var response = await operators.GetAsync(new Uri("/operator/recovery", UriKind.Relative), Token);
        return response.IsSuccessStatusCode
            && (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("matched").GetBoolean();
    }

    private static async Task<Dictionary<string, string>> OpenTransfersAsync(RunningSystem system)
    {
        using var operators = await system.OperatorAsync(Token);
        var list = await operators.GetFromJsonAsync<JsonElement>("/operator/recovery/transfers", Token);
        return list.GetProperty("transfers").EnumerateArray()
            .ToDictionary(IdOf, transfer => transfer.GetProperty("fault").GetString()!);
    }

    /// <summary>All that the rail has ever executed, oldest first.</summary>
    private static async Task<IReadOnlyList<string>> RailTransfersAsync(RunningSystem system)
    {
        using var rail = await system.RailAsync(Token);
        var statement = await rail.GetFromJsonAsync<JsonElement>(
            "transfers?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z", Token);
        return [.. statement.GetProperty("transfers").EnumerateArray().Select(IdOf)];
    }

    private static async Task<string> PrepareAsync(Merchant merchant, string qr, long? amountMinor = null) =>
        (await merchant.PostAsync("/v1/payments", amountMinor is null ? new { qr } : new { qr, amountMinor }, Token))
            .Expect(HttpStatusCode.Created).Text("id");

    private static string IdOf(JsonElement of) => of.GetProperty("id").GetString()!;

    private static long Credit(JsonElement deposit) => deposit.GetProperty("creditedMinor").GetInt64();

    private void MakeFolders()
    {
        // PostgreSQL's account, which is another one as root, writes the archive.
        foreach (var folder in new[] { _folder, Archive, Path.Combine(_folder, "backups") })
        {
            Directory.CreateDirectory(folder);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
            }
        }
    }

    private async Task<RunningSystem> StartAsync(params string[] settings)
    {
        var system = new RunningSystem(_folder, ["SandboxServer=own", $"ArchiveFolder={Archive}", .. settings]);
        try
        {
            await system.InitializeAsync();
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }
}
