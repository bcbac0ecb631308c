using ArdorQr.Payments.Features;
using ArdorQr.Payments.Database;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Idempotency-Key on POST /v1/payments and on confirm.</summary>
public sealed class IdempotencyTests
{
    [Fact]
    public async Task A_repetition_gets_the_same_bytes_and_makes_no_second_payment()
    {
        await using var payments = await StartAsync();

        using var first = await payments.PostAsync("/v1/payments", $$"""{"qr":"{{Codes.Dynamic}}","reference":"r"}""", "k");
        using var second = await payments.PostAsync("/v1/payments", $$"""{ "reference" : "\u0072", "qr":"{{Codes.Dynamic}}" }""", "k");

        Assert.Equal(201, (int)first.StatusCode);
        Assert.Equal(201, (int)second.StatusCode);
        Assert.Equal(await BytesOf(first), await BytesOf(second));
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("Idempotency-Replayed")));
        Assert.NotEqual(first.Headers.GetValues("X-Request-Id"), second.Headers.GetValues("X-Request-Id"));
        Assert.Equal(1, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.payment"));
    }

    [Fact]
    public async Task A_replayed_confirm_shows_the_payment_as_it_was_then()
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());

        using var first = await payments.PostAsync($"/v1/payments/{id}/confirm", null, "k");
        await payments.TurnAsync(id);
        using var replay = await payments.PostAsync($"/v1/payments/{id}/confirm", "{}", "k");
        var fresh = await payments.ConfirmAsync(id);

        Assert.Equal(await BytesOf(first), await BytesOf(replay));
        Assert.Equal("completed", fresh["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_422()
    {
        await using var payments = await StartAsync();

        await payments.CreateAsync(new { qr = Codes.Dynamic }, key: "k");
        using var other = await payments.PostAsync("/v1/payments", new { qr = Codes.OtherDynamic }, "k");

        Assert.Equal("idempotency_key_reused", await CodeOfAsync(other, 422));
    }

    [Fact]
    public async Task One_key_of_two_merchants_modes_or_paths_is_two_keys()
    {
        await using var payments = await StartAsync();
        using var stranger = payments.ClientOf(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));

        var mine = Id(await payments.CreateAsync(key: "k"));
        var theirs = Id(await payments.CreateAsync(client: stranger, key: "k"));
        await payments.ConfirmAsync(mine, "k");

        Assert.NotEqual(mine, theirs);
    }

    [Theory]
    [InlineData(Codes.Static, "amount_required", 422)]
    [InlineData("https://example.com/pay", "", 422)]
    public async Task A_business_refusal_is_kept_with_its_request_id(string qr, string code, int status)
    {
        await using var payments = await StartAsync();

        using var first = await payments.PostAsync("/v1/payments", new { qr }, "k");
        using var second = await payments.PostAsync("/v1/payments", new { qr }, "k");

        Assert.Contains(code, await CodeOfAsync(first, status), StringComparison.Ordinal);
        Assert.Equal(await BytesOf(first), await BytesOf(second));
        Assert.True(second.Headers.Contains("Idempotency-Replayed"));
    }

    [Fact]
    public async Task A_404_of_confirm_is_kept()
    {
        await using var payments = await StartAsync();
        var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

        using var first = await payments.PostAsync($"/v1/payments/{id}/confirm", null, "k");
        using var second = await payments.PostAsync($"/v1/payments/{id}/confirm", null, "k");

        Assert.Equal("not_found", await CodeOfAsync(first, 404));
        Assert.Equal(await BytesOf(first), await BytesOf(second));
        Assert.True(second.Headers.Contains("Idempotency-Replayed"));
    }

    [Fact]
    public async Task What_was_not_executed_is_not_kept()
    {
        await using var payments = await StartAsync();
        payments.Rail.Resolve = _ => null;

        using var away = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic }, "k");
        payments.Rail.Resolve = _ => """{"payee":{"name":"ООО Ромашка"},"state":"payable"}""";
        var created = await payments.CreateAsync(key: "k");
        var holder = await payments.ConfirmedAsync();
        using var duplicate = await payments.PostAsync($"/v1/payments/{Id(created)}/confirm", null, "k");
        using var again = await payments.PostAsync($"/v1/payments/{Id(created)}/confirm", null, "k");

        Assert.Equal("rail_unavailable", await CodeOfAsync(away, 503));
        Assert.Equal("payment_duplicate", await CodeOfAsync(duplicate, 409));
        Assert.False(again.Headers.Contains("Idempotency-Replayed"));
        Assert.NotEqual(holder, Id(created));
    }

    [Fact]
    public async Task A_repetition_while_the_first_one_runs_is_409_with_a_time_to_wait()
    {
        await using var payments = await StartAsync();
        var reached = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        payments.Ledger.Before = async _ =>
        {
            reached.TrySetResult();
            await goOn.Task;
        };
        var id = Id(await payments.CreateAsync());

        var first = payments.ConfirmAsync(id, "k");
        await reached.Task.WaitAsync(Token);
        using var second = await payments.PostAsync($"/v1/payments/{id}/confirm", null, "k");
        goOn.SetResult();
        await first;

        Assert.Equal("idempotency_in_progress", await CodeOfAsync(second, 409));
        Assert.True(second.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Equal(1, payments.Ledger.PostedCount);
    }

    [Fact]
    public async Task A_crashed_request_is_taken_over_and_its_late_holder_cannot_commit()
    {
        await using var payments = await StartAsync();
        var reached = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var isFirst = true;
        payments.Rail.Answer = (_, _) =>
        {
            if (isFirst)
            {
                isFirst = false;
                reached.SetResult();
                goOn.Task.Wait(Token);
            }

            return null;
        };

        var paused = payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic }, "k");
        await reached.Task.WaitAsync(Token);
        await payments.ExecuteSqlAsync("UPDATE payments.idempotency SET leased_until = clock_timestamp()", null);
        var taken = await payments.CreateAsync(key: "k");
        goOn.SetResult();
        using var late = await paused;

        Assert.Equal("idempotency_in_progress", await CodeOfAsync(late, 409));
        Assert.Equal(1, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.payment"));
        Assert.Equal(Id(taken), await payments.ScalarAsync<Guid>("SELECT payment_id FROM payments.idempotency"));
    }

    [Fact]
    public async Task An_empty_key_is_400()
    {
        await using var payments = await StartAsync();

        using var response = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic }, " ");

        Assert.Equal("idempotency_key_invalid", await CodeOfAsync(response, 400));
    }

    [Fact]
    public async Task A_key_has_at_most_255_characters()
    {
        await using var payments = await StartAsync();

        using var longest = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic }, new string('k', 255));
        using var longer = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic }, new string('k', 256));

        Assert.Equal(201, (int)longest.StatusCode);
        Assert.Equal("idempotency_key_invalid", await CodeOfAsync(longer, 400));
    }

    [Fact]
    public async Task Keys_past_their_thirty_days_are_forgotten_batch_by_batch_and_none_before()
    {
        const int old = (2 * IdempotencyTable.CleanUpBatch) + 3;
        await using var payments = await StartAsync();
        await payments.CreateAsync(key: "fresh");
        await payments.ExecuteSqlAsync(
            """
            INSERT INTO payments.idempotency (merchant_id, mode, operation, key, request_hash, payment_id, token, leased_until, created_at)
            SELECT @MerchantId, 'test', 'POST /v1/payments', 'old-' || number, sha256(''), @MerchantId, @MerchantId, clock_timestamp(),
                clock_timestamp() - interval '30 days' - number * interval '1 second'
            FROM generate_series(1, @old) AS number
            """, new { payments.MerchantId, old });
        await payments.ExecuteSqlAsync(
            """
            INSERT INTO payments.idempotency (merchant_id, mode, operation, key, request_hash, payment_id, token, leased_until, created_at)
            VALUES (@MerchantId, 'test', 'POST /v1/payments', 'almost', sha256(''), @MerchantId, @MerchantId, clock_timestamp(),
                clock_timestamp() - interval '29 days 23 hours')
            """, new { payments.MerchantId });

        await using var connection = await payments.Database.OpenAsync(Token);
        var forgotten = await ExpirePayments.ForgetKeysAsync(connection, Token);

        Assert.Equal(old, forgotten);
        Assert.Equal("almost,fresh", await payments.ScalarAsync<string>("SELECT string_agg(key, ',' ORDER BY key) FROM payments.idempotency"));
    }

    [Fact]
    public async Task A_key_past_its_thirty_days_is_a_new_one_even_before_it_is_forgotten()
    {
        await using var payments = await StartAsync();
        var first = Id(await payments.CreateAsync(key: "k"));
        await payments.ExecuteSqlAsync("UPDATE payments.idempotency SET created_at = clock_timestamp() - interval '31 days'", null);

        using var again = await payments.PostAsync("/v1/payments", new { qr = Codes.Static, amountMinor = 5 }, "k");

        Assert.Equal(201, (int)again.StatusCode);
        Assert.False(again.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal(2, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.payment"));
        Assert.NotEqual(Guid.Empty, first);
    }

    private static Task<byte[]> BytesOf(HttpResponseMessage response) => response.Content.ReadAsByteArrayAsync(Token);
}
