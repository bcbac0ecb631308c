using System.Net;
using System.Text;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// What merchants and the house keep secret stands nowhere that people and machines read for other ends: no log, no trace
/// or metric, no dead letter, no row of an outbox or inbox, of all that ran up to now and of a journey made for it.
/// </summary>
[Collection(OneSystem.Name)]
public sealed class SecretsTests(RunningSystem system)
{
    private const int ShortestSecret = 12;

    private static readonly string[] Databases = ["gateway", "ledger", "deposits", "payments", "webhooks", "sandbox"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_secret_stands_in_logs_traces_dead_letters_outboxes_or_inboxes()
    {
        await using var outboxes = await KeptOutboxes.StartAsync(system, Databases, Token);
        var secrets = await HouseSecretsAsync();
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        await JourneyAsync(merchant, secrets);
        await DieAsync("unreadable");

        var places = await PlacesAsync(outboxes);
        var found = from secret in secrets
            from place in places
            where place.Holds(secret.Value)
            select $"{secret.Key} in {place.Name}";

        Assert.Equal([], found);
        Assert.True(secrets.Count > 30, $"only {secrets.Count} secrets were looked for");
    }

    /// <summary>The same search finds what is planted in each place: it looks where it says, and a leak would be seen.</summary>
    [Fact]
    public async Task What_is_planted_in_each_place_is_found_there()
    {
        await using var outboxes = await KeptOutboxes.StartAsync(system, Databases, Token);
        var planted = $"planted{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        await merchant.GetAsync($"/v1/payments/{planted}", Token); // The path stands in the trace.
        foreach (var database in Databases.Where(name => name != "sandbox"))
        {
            await using var connection = await system.DatabaseAsync(database, Token);
            await using var command = new NpgsqlCommand(
                $"""
                 INSERT INTO messaging.outbox (event_id, message_type, body, leased_until)
                 VALUES (gen_random_uuid(), 'planted', '{planted}', 'infinity');
                 DELETE FROM messaging.outbox WHERE message_type = 'planted';
                 INSERT INTO messaging.inbox (consumer, event_id) VALUES ('{planted}', gen_random_uuid());
                 """,
                connection);
            await command.ExecuteNonQueryAsync(Token);
        }

        await DieAsync(planted);
        await using (var gateway = await system.DatabaseAsync("gateway", Token))
        await using (var command = new NpgsqlCommand($"DO $$ BEGIN RAISE LOG '{planted}'; END $$", gateway))
        {
            await command.ExecuteNonQueryAsync(Token); // PostgreSQL's own log is one of those that are read.
        }

        string[] expected =
        [
            "traces", "logs of postgres", "dead letters of gateway",
            .. Databases.Where(name => name != "sandbox").Select(name => $"outbox of {name}"),
            .. Databases.Where(name => name != "sandbox").Select(name => $"inbox of {name}"),
        ];
        IReadOnlyList<string> found = [];
        await Eventually.TrueAsync(
            async () =>
            {
                found = [.. (await PlacesAsync(outboxes)).Where(place => place.Holds(planted)).Select(place => place.Name)];
                return expected.All(found.Contains);
            },
            Token, otherwise: () => $"found in: {string.Join(", ", found)}");
        foreach (var database in Databases.Where(name => name != "sandbox"))
        {
            await using var connection = await system.DatabaseAsync(database, Token);
            await using var command = new NpgsqlCommand($"DELETE FROM messaging.inbox WHERE consumer = '{planted}'", connection);
            await command.ExecuteNonQueryAsync(Token);
        }
    }

    /// <summary>A message that no consumer can take, moved to where operators look.</summary>
    private async Task DieAsync(string message)
    {
        await system.SendUnreadableAsync("webhooks.payment-completed", Token, message);
        await Eventually.TrueAsync(async () => await system.DeadLettersAsync(Token) > 0, Token);
        using var client = await system.OperatorAsync(Token);
        using var listed = await client.GetAsync(new Uri("/operator/dead-letters", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, listed.StatusCode);
    }

    /// <summary>A piece of what somebody reads.</summary>
    private sealed record Place(string Name, IReadOnlyList<byte[]> Contents)
    {
        public bool Holds(string secret)
        {
            var bytes = Encoding.UTF8.GetBytes(secret);
            return Contents.Any(content => content.AsSpan().IndexOf(bytes) >= 0);
        }
    }

    private async Task<IReadOnlyList<Place>> PlacesAsync(KeptOutboxes outboxes)
    {
        List<Place> places =
        [
            .. system.Logs.Lines.GroupBy(line => line.Resource)
                .Select(lines => new Place($"logs of {lines.Key}", [.. lines.Select(line => Encoding.UTF8.GetBytes(line.Line))])),
            .. new[] { "traces", "metrics", "logs" }.Select(signal => new Place(signal, [.. system.Collector.Taken(signal)])),
            await RowsAsync("gateway", "gateway.dead_letter", "dead letters of gateway"),
        ];
        Assert.All(places, place => Assert.NotEmpty(place.Contents));
        Assert.All(RunningSystem.ServiceNames, service => Assert.Contains(places, place => place.Name == $"logs of {service}"));
        foreach (var database in Databases)
        {
            places.Add(new Place($"outbox of {database}", await outboxes.RowsAsync(database, Token)));
            foreach (var table in new[] { "inbox", "resend" })
            {
                places.Add(await RowsAsync(database, $"messaging.{table}", $"{table} of {database}"));
            }
        }

        return places;
    }

    private async Task<Place> RowsAsync(string database, string table, string name)
    {
        var body = table == "gateway.dead_letter" ? "|| encode(body, 'escape')" : "";
        await using var connection = await system.DatabaseAsync(database, Token);
        await using var command = new NpgsqlCommand(
            $"SELECT coalesce(string_agg(kept::text {body}, E'\\n'), '') FROM {table} AS kept", connection);
        return new Place(name, [Encoding.UTF8.GetBytes((string)(await command.ExecuteScalarAsync(Token))!)]);
    }

    /// <summary>Deposits, payments of each kind and end, a new key, a new webhook secret: what they say is noted.</summary>
    private static async Task JourneyAsync(Merchant merchant, Dictionary<string, string> secrets)
    {
        secrets["a merchant's key"] = merchant.Authorization.Split(' ')[1];
        secrets["a webhook secret"] = merchant.Webhooks.Secret!;
        var issued = (await merchant.PostAsync("/v1/keys", new { label = "another", mode = "test" }, Token)).Expect(HttpStatusCode.Created);
        secrets["an issued key"] = issued.Text("secret");
        await merchant.TopUpAsync(25m, Token);
        foreach (var (kind, amount, end) in new[] { ("dynamic", 30_000, "completed"), ("st00012", 30_000, "completed"), ("dynamic", 20_001, "failed") })
        {
            var qr = await merchant.FreshQrAsync(kind, amount, Token);
            secrets[$"the payload of a {kind} code, {end}"] = qr;
            secrets[$"the end of the payload of a {kind} code, {end}"] = qr[^Math.Min(qr.Length, 24)..];
            var id = (await merchant.PostAsync("/v1/payments", new { qr }, Token)).Expect(HttpStatusCode.Created).Text("id");
            (await merchant.PostAsync($"/v1/payments/{id}/confirm", null, Token)).Expect(HttpStatusCode.OK);
            await merchant.PaymentEventAsync($"payment.{end}", id, Token);
        }

        var broken = "ST00012|Name=" + new string('я', 8) + "|PersonalAcc=broken-payload-of-a-code";
        secrets["the payload of a broken code"] = "broken-payload-of-a-code";
        Assert.True((await merchant.PostAsync("/v1/payments", new { qr = broken }, Token)).Status >= HttpStatusCode.BadRequest);
    }

    /// <summary>Every secret setting of every process, and the passwords within connection strings.</summary>
    private async Task<Dictionary<string, string>> HouseSecretsAsync()
    {
        var secrets = new Dictionary<string, string>();
        foreach (var resource in RunningSystem.ServiceNames.SelectMany(name => new[] { name, $"{name}-migrate" }))
        {
            foreach (var (name, value) in await system.EnvironmentAsync(resource, Token))
            {
                if (name.StartsWith("ConnectionStrings__", StringComparison.Ordinal))
                {
                    secrets[$"{resource} {name}"] = value.StartsWith("amqp", StringComparison.Ordinal)
                        ? new Uri(value).UserInfo.Split(':')[1]
                        : new NpgsqlConnectionStringBuilder(value).Password!;
                }
                else if (IsSecret(name) && value.Length >= ShortestSecret)
                {
                    secrets[$"{resource} {name}"] = value;
                }
            }
        }

        return secrets;
    }

    private static bool IsSecret(string name) =>
        name.EndsWith("Token", StringComparison.Ordinal) || name.EndsWith("Secret", StringComparison.Ordinal)
        || name.EndsWith("SigningKey", StringComparison.Ordinal) || name.EndsWith("EncryptionKey", StringComparison.Ordinal)
        || name.EndsWith("ApiKey", StringComparison.Ordinal) || name.EndsWith("Password", StringComparison.Ordinal);
}

/// <summary>Keeps a copy of every row that services put into their outboxes, which are empty again at once.</summary>
internal sealed class KeptOutboxes : IAsyncDisposable
{
    private readonly RunningSystem _system;
    private readonly IReadOnlyList<string> _databases;

    private KeptOutboxes(RunningSystem system, IReadOnlyList<string> databases) =>
        (_system, _databases) = (system, databases);

    public static async Task<KeptOutboxes> StartAsync(
        RunningSystem system, IReadOnlyList<string> databases, CancellationToken cancellationToken)
    {
        var kept = new KeptOutboxes(system, databases);
        await kept.ExecuteAsync(
            """
            DROP SCHEMA IF EXISTS kept CASCADE;
            CREATE SCHEMA kept;
            CREATE TABLE kept.outbox (row text NOT NULL);
            CREATE FUNCTION kept.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
                'BEGIN INSERT INTO kept.outbox VALUES (NEW::text); RETURN NULL; END';
            CREATE TRIGGER kept AFTER INSERT ON messaging.outbox FOR EACH ROW EXECUTE FUNCTION kept.keep();
            """,
            cancellationToken);
        return kept;
    }

    /// <summary>The rows so far; at least one where there is an outbox at all.</summary>
    public async Task<IReadOnlyList<byte[]>> RowsAsync(string database, CancellationToken cancellationToken)
    {
        await using var connection = await _system.DatabaseAsync(database, cancellationToken);
        await using var command = new NpgsqlCommand("SELECT coalesce(string_agg(row, E'\\n'), '') FROM kept.outbox", connection);
        return [Encoding.UTF8.GetBytes((string)(await command.ExecuteScalarAsync(cancellationToken))!)];
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync("DROP SCHEMA IF EXISTS kept CASCADE", CancellationToken.None);

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        foreach (var database in _databases)
        {
            await using var connection = await _system.DatabaseAsync(database, cancellationToken);
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
