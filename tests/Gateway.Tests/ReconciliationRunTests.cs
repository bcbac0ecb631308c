using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Gateway.Database;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace ArdorQr.Gateway.Tests;

/// <summary>Who makes a run, when, and what becomes of one that is broken off. Each test has a database of its own.</summary>
public sealed class ReconciliationRunTests
{
    private static readonly (int Days, int MarginSeconds, int RetentionDays) Window = (3, 900, 400);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_night_has_one_run_whoever_schedules_it_and_an_older_night_is_made_up_for()
    {
        await using var database = await DatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ScheduleAsync(database)));

        var night = Assert.Single(await ListAsync(database));
        Assert.Equal("waiting", night.State);
        Assert.Equal(TimeSpan.FromDays(3), night.UntilAt - night.FromAt);

        await ExecuteAsync(database, "UPDATE gateway.reconciliation_run SET night = night - 1, state = 'done', finished_at = clock_timestamp()");
        await ScheduleAsync(database);
        Assert.Equal(2, (await ListAsync(database)).Count);
    }

    [Fact]
    public async Task One_run_is_made_at_a_time_and_a_dead_makers_run_is_begun_anew()
    {
        await using var database = await DatabaseAsync();
        await ScheduleAsync(database);
        await RequestAsync(database);

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ReconciliationRuns.TryClaimAsync(database.Database, Cancellation)));
        var first = Assert.Single(claims.OfType<RunRow>());
        await ReconciliationRuns.AddAsync(database.Database, first, Found(), Cancellation);
        await ExecuteAsync(database, "UPDATE gateway.reconciliation_run SET leased_until = clock_timestamp() - interval '1 s' WHERE state = 'running'");

        var second = await ReconciliationRuns.TryClaimAsync(database.Database, Cancellation);
        Assert.Equal((first.Id, first.Epoch + 1, 0L), (second!.Id, second.Epoch, second.Discrepancies));
        await Assert.ThrowsAsync<RunLostException>(() => ReconciliationRuns.AddAsync(database.Database, first, Found(), Cancellation));
        await Assert.ThrowsAsync<RunLostException>(() => ReconciliationRuns.RenewAsync(database.Database, first, new { }, Cancellation));
        await ReconciliationRuns.EndAsync(database.Database, first, new { }, null, Cancellation); // Not its run any more.
        Assert.Equal("running", (await ReconciliationRuns.FindAsync(database.Database, first.Id, Cancellation))!.State);
        Assert.Empty(await ReconciliationRuns.DiscrepanciesAsync(database.Database, first.Id, 0, 10, Cancellation));
    }

    [Fact]
    public async Task A_run_that_never_comes_to_its_end_fails_after_six_tries()
    {
        await using var database = await DatabaseAsync();
        await ScheduleAsync(database);
        for (var tries = 0; tries < 6; tries++)
        {
            var run = await ReconciliationRuns.TryClaimAsync(database.Database, Cancellation);
            await ReconciliationRuns.PauseAsync(database.Database, run!, "the rail was away", 0, Cancellation);
        }

        Assert.Null(await ReconciliationRuns.TryClaimAsync(database.Database, Cancellation));
        var failed = Assert.Single(await ListAsync(database));
        Assert.Equal(("failed", "the rail was away"), (failed.State, failed.Failure));
    }

    [Fact]
    public async Task Discrepancies_past_the_thousandth_are_counted_and_pages_end()
    {
        await using var database = await DatabaseAsync();
        await ScheduleAsync(database);
        var run = (await ReconciliationRuns.TryClaimAsync(database.Database, Cancellation))!;
        await ExecuteAsync(database, $"UPDATE gateway.reconciliation_run SET discrepancies = {ReconciliationRuns.MaxStored - 1}");
        await ReconciliationRuns.AddAsync(database.Database, run, Found(), Cancellation);
        await ReconciliationRuns.AddAsync(database.Database, run, Found(), Cancellation);

        Assert.Equal(ReconciliationRuns.MaxStored + 1, (await ReconciliationRuns.FindAsync(database.Database, run.Id, Cancellation))!.Discrepancies);
        Assert.Equal(ReconciliationRuns.MaxStored, Assert.Single(
            await ReconciliationRuns.DiscrepanciesAsync(database.Database, run.Id, 0, 100, Cancellation)).Number);
    }

    [Fact]
    public async Task A_run_pages_through_a_books_end_compares_it_and_its_result_is_a_check()
    {
        await using var database = await DatabaseAsync();
        await using var ledger = await StrayAsync("ledger", "deposits");
        await using var deposits = await BookAsync("deposits");
        await using var payments = await BookAsync("payments");
        await using var webhooks = await BookAsync("webhooks");
        await using var gateway = Start(database, marginSeconds: 0, ledger, deposits, payments, webhooks);
        var run = await RunAsync(gateway);

        var found = Assert.Single(run.GetProperty("discrepancies").EnumerateArray());
        Assert.Equal("posting_without_deposit", found.GetProperty("kind").GetString());
        Assert.Equal(985, found.GetProperty("right").GetProperty("amountMinor").GetInt64());
        Assert.Contains(ledger.Seen, seen => seen.Path.StartsWith("/internal/books/deposits?after=ffffffff", StringComparison.Ordinal));

        var all = await gateway.Operator.GetFromJsonAsync<JsonElement>("/operator/reconciliation", Cancellation);
        Assert.False(all.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == "last_run")
            .GetProperty("ok").GetBoolean());
    }

    /// <summary>Ids have the time of their object: what was just told of a payment of an hour ago is still on its way.</summary>
    [Fact]
    public async Task What_was_told_of_an_old_payment_is_in_flight_as_long_as_its_change_is_young()
    {
        await using var database = await DatabaseAsync();
        await using var deposits = await BookAsync("deposits");
        await using var webhooks = await BookAsync("webhooks");
        var now = TimeProvider.System.GetUtcNow();
        var (young, overdue) = (Guid.CreateVersion7(now.AddMinutes(-62)), Guid.CreateVersion7(now.AddMinutes(-61)));
        var changes = new[] { (Id: young, At: now.AddMinutes(-1)), (Id: overdue, At: now.AddMinutes(-30)) };
        await using var payments = await BookAsync("payments", ("payments", changes.Select(change => (object)new
        {
            id = change.Id, paymentId = change.Id, merchantId = young, mode = "test", status = "completed", totalMinor = 700,
            operationId = change.Id, completedEventId = change.Id, changedAt = change.At,
        })));
        await using var ledger = await BookAsync("ledger", ("debits", changes.Select(change => (object)new
        {
            id = change.Id, paymentId = change.Id, merchantId = young, mode = "test", totalMinor = 700, operationId = change.Id,
            closing = "settlement", closingId = change.Id, closingTotalMinor = 700, changedAt = change.At,
        })));
        await using var gateway = Start(database, marginSeconds: 900, ledger, deposits, payments, webhooks);

        var run = await RunAsync(gateway);

        var found = Assert.Single(run.GetProperty("discrepancies").EnumerateArray());
        Assert.Equal("event_without_webhook", found.GetProperty("kind").GetString());
        Assert.Contains(overdue.ToString(), found.GetRawText());
    }

    /// <summary>Otherwise it would leave the window, and the alert with it, though nobody has repaired it.</summary>
    [Fact]
    public async Task A_run_reaches_back_to_what_the_last_ones_found_until_it_is_found_no_more()
    {
        await using var database = await DatabaseAsync();
        var old = TimeProvider.System.GetUtcNow().AddDays(-40);
        await EndRunAsync(database, Found(("paymentId", Guid.CreateVersion7(old)), ("eventId", Guid.Parse("01000000-0000-4000-8000-000000000001"))));

        var second = await EndRunAsync(database, failure: "the rail was away");
        var third = await EndRunAsync(database);
        var fourth = await EndRunAsync(database);

        Assert.All([second, third], run => Assert.InRange(old - run.FromAt, TimeSpan.Zero, TimeSpan.FromSeconds(2)));
        Assert.Equal(TimeSpan.FromDays(1), fourth.UntilAt - fourth.FromAt);
    }

    [Fact]
    public async Task What_is_older_and_has_ended_since_is_held_against_ledger_and_webhooks()
    {
        await using var database = await DatabaseAsync();
        await using var deposits = await BookAsync("deposits");
        await using var webhooks = await BookAsync("webhooks");
        var now = TimeProvider.System.GetUtcNow();
        var (id, merchant) = (Guid.CreateVersion7(now.AddDays(-10)), Guid.CreateVersion7(now));
        await using var payments = await BookAsync("payments", ("late", [new
        {
            id, paymentId = id, merchantId = merchant, mode = "test", status = "completed", totalMinor = 700,
            operationId = id, completedEventId = id, changedAt = now.AddMinutes(-30),
        }]));
        await using var ledger = await BookAsync("ledger", ("find", [new
        {
            id, paymentId = id, merchantId = merchant, mode = "test", totalMinor = 700, operationId = id,
            closing = (string?)null, closingId = (Guid?)null, closingTotalMinor = (long?)null, changedAt = now.AddDays(-10),
        }]));
        await using var gateway = Start(database, marginSeconds: 900, ledger, deposits, payments, webhooks);

        var run = await RunAsync(gateway);

        Assert.Equal(
            ["payment_without_settlement", "event_without_webhook"],
            run.GetProperty("discrepancies").EnumerateArray().Select(found => found.GetProperty("kind").GetString()));
        Assert.Contains(payments.Seen, seen => seen.Path.Contains("/books/payments/late?after=00000000", StringComparison.Ordinal));
        Assert.Contains(deposits.Seen, seen => seen.Path.Contains("/books/deposits/late?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_an_operator_has_accepted_is_found_no_more_until_either_side_changes()
    {
        await using var database = await DatabaseAsync();
        await using var deposits = await BookAsync("deposits");
        await using var payments = await BookAsync("payments");
        await using var webhooks = await BookAsync("webhooks");
        var (id, amount) = (Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddMinutes(-5)), 985);
        await using var ledger = await BookAsync("ledger", ("deposits", Postings()));
        await using var gateway = Start(database, marginSeconds: 0, ledger, deposits, payments, webhooks);

        var first = await RunAsync(gateway);
        var found = Assert.Single(first.GetProperty("discrepancies").EnumerateArray());
        Assert.Equal(1, found.GetProperty("number").GetInt32());
        Assert.Equal(HttpStatusCode.OK, await AcceptAsync(1));
        Assert.Equal(HttpStatusCode.OK, await AcceptAsync(1)); // Again is harmless.
        Assert.Equal(HttpStatusCode.NotFound, await AcceptAsync(2));
        Assert.Empty((await RunAsync(gateway)).GetProperty("discrepancies").EnumerateArray());

        amount++;
        var changed = Assert.Single((await RunAsync(gateway)).GetProperty("discrepancies").EnumerateArray());
        Assert.Equal(986, changed.GetProperty("right").GetProperty("amountMinor").GetInt64());
        var audit = await gateway.Operator.GetStringAsync(new Uri("/operator/audit", UriKind.Relative), Cancellation);
        Assert.Contains("reconciliation.accept", audit, StringComparison.Ordinal);
        Assert.Contains("adjusted by hand", audit, StringComparison.Ordinal);

        IEnumerable<object> Postings()
        {
            yield return new
            {
                id, sourceId = id, merchantId = id, mode = "test", amountMinor = amount, feeMinor = 15, operationId = id,
                changedAt = TimeProvider.System.GetUtcNow().AddMinutes(-5),
            };
        }

        async Task<HttpStatusCode> AcceptAsync(int number)
        {
            var run = first.GetProperty("run").GetProperty("id").GetGuid();
            using var response = await gateway.Operator.PostAsJsonAsync(
                $"/operator/reconciliation/runs/{run}/discrepancies/{number}/accept", new { reason = "adjusted by hand" }, Cancellation);
            return response.StatusCode;
        }
    }

    private static async Task<RunRow> EndRunAsync(
        TestDatabase database, Domain.Discrepancy? found = null, string? failure = null)
    {
        await RequestAsync(database);
        var run = (await ReconciliationRuns.TryClaimAsync(database.Database, Cancellation))!;
        if (found is not null)
        {
            await ReconciliationRuns.AddAsync(database.Database, run, found, Cancellation);
        }

        await ReconciliationRuns.EndAsync(database.Database, run, new { }, failure, Cancellation);
        return run;
    }

    private static TestGateway Start(
        TestDatabase database, int marginSeconds, StubService ledger, StubService deposits, StubService payments,
        StubService webhooks) =>
        TestGateway.Start(database, new Dictionary<string, string?>
        {
            ["services:ledger:http:0"] = ledger.Address, ["services:deposits:http:0"] = deposits.Address,
            ["services:payments:http:0"] = payments.Address, ["services:webhooks:http:0"] = webhooks.Address,
            ["services:sandbox:http:0"] = StubService.DeadAddress(), ["Reconciliation:MarginSeconds"] = $"{marginSeconds}",
        }, reconciles: true);

    /// <summary>One run, asked for by an operator, at its end.</summary>
    private static async Task<JsonElement> RunAsync(TestGateway gateway)
    {
        using var started = await gateway.Operator.PostAsJsonAsync("/operator/reconciliation/runs", new { days = 1 }, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        var id = (await started.JsonAsync(Cancellation)).GetProperty("id").GetGuid();
        JsonElement run = default;
        await Eventually.TrueAsync(
            async () =>
            {
                run = await gateway.Operator.GetFromJsonAsync<JsonElement>($"/operator/reconciliation/runs/{id}", Cancellation);
                return run.GetProperty("run").GetProperty("state").GetString() == "done";
            },
            Cancellation, limitSeconds: 60);
        return run;
    }

    /// <summary>A service whose checks are well and whose books hold these rows on one page each.</summary>
    private static async Task<StubService> BookAsync(string name, params (string Book, IEnumerable<object> Rows)[] books)
    {
        var stub = await StubService.StartAsync(name, Cancellation);
        stub.Answer = context => context.Response.WriteAsJsonAsync<object>(context.Request.Path.Value!.Split('/')[^1] switch
        {
            "reconciliation" => new { checks = Array.Empty<object>() },
            "statement" => new { hasRail = true, isWhole = true, lines = 0, faults = Array.Empty<object>() },
            var book => new
            {
                rows = books.Where(one => one.Book == book).SelectMany(one => one.Rows).ToArray(), next = (Guid?)null,
            },
        });
        return stub;
    }

    /// <summary>A service whose checks are well and whose books are empty, but for a stray posting on a second page.</summary>
    private static async Task<StubService> StrayAsync(string name, string withStray)
    {
        var stub = await StubService.StartAsync(name, Cancellation);
        var stray = Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddMinutes(-5));
        stub.Answer = context => context.Response.WriteAsJsonAsync<object>(context.Request.Path.Value!.Split('/')[^1] switch
        {
            "reconciliation" => new { checks = Array.Empty<object>() },
            "statement" => new { hasRail = true, isWhole = true, lines = 0, faults = Array.Empty<object>() },
            var book when book == withStray && !$"{context.Request.Query["after"]}".StartsWith('f') => new
            {
                rows = Array.Empty<object>(), next = "ffffffff-0000-7000-8000-000000000000",
            },
            var book when book == withStray => new
            {
                rows = new[]
                {
                    new
                    {
                        id = stray, sourceId = stray, merchantId = stray, mode = "test", amountMinor = 985, feeMinor = 15,
                        operationId = stray, changedAt = TimeProvider.System.GetUtcNow().AddMinutes(-5),
                    },
                },
                next = (Guid?)null,
            },
            _ => new { rows = Array.Empty<object>(), next = (Guid?)null },
        });
        return stub;
    }

    private static Task<TestDatabase> DatabaseAsync() => TestDatabase.CreateAsync(typeof(Program).Assembly, Cancellation);

    private static Domain.Discrepancy Found(params IReadOnlyList<(string Name, Guid? Id)> ids) =>
        new("planted", Domain.Discrepancy.IdsOf(ids), new Domain.BookSide("ledger", null, 1), new Domain.BookSide("rail", null, 2));

    private static Task ScheduleAsync(TestDatabase database) => ReconciliationRuns.ScheduleAsync(
        database.Database, Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), new TimeOnly(3, 30), Window, Cancellation);

    private static async Task RequestAsync(TestDatabase database)
    {
        await using var transaction = await database.Database.BeginAsync(Cancellation);
        await ReconciliationRuns.RequestAsync(
            transaction, Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), "root", 1, 0, Cancellation);
        await transaction.CommitAsync(Cancellation);
    }

    private static Task<IReadOnlyList<RunRow>> ListAsync(TestDatabase database) =>
        ReconciliationRuns.ListAsync(database.Database, 10, null, Cancellation);

    private static async Task ExecuteAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
