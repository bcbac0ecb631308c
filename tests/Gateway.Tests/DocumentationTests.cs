using System.Net;
using System.Text.RegularExpressions;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Contract;

namespace ArdorQr.Gateway.Tests;

/// <summary>
/// The guide and the contract say what the code does. After a change to a catalogue, run these tests once with
/// ARDORQR_WRITE_DOCS=1: it writes the guide's list anew.
/// </summary>
public sealed partial class DocumentationTests(GatewayFixture fixture)
{
    private const string Begin = "<!-- codes: generated from the services' catalogues -->";
    private const string End = "<!-- /codes -->";

    /// <summary>What only operators can get; their answers are in a document of their own.</summary>
    private static readonly string[] OperatorsOnly =
        ["operator_name_taken", "approval_decided", "payment_not_in_review", "payment_busy", "rail_disagrees", "transfer_conflict",
        "deposit_not_held", "recovery_not_matched"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_guides_list_of_codes_is_what_the_catalogues_say()
    {
        var table = Table();
        var file = Path.Combine(RepositoryRoot(), "Gateway/Contract/Guide/errors.md");
        var text = await File.ReadAllTextAsync(file, Cancellation);
        var (start, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("ARDORQR_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(file, $"{text[..start]}\n{table}{text[end..]}", Cancellation);
            return;
        }

        Assert.Equal(table, text[start..end].TrimStart('\n'));
    }

    [Fact]
    public void Every_code_of_every_catalogue_is_in_the_contract_and_in_Russian()
    {
        var contract = System.Text.Encoding.UTF8.GetString(ContractDocument.Public.Yaml);
        var codes = Catalogues.All.Select(error => error.Code).Distinct().ToList();

        Assert.True(Catalogues.Types.Count() >= 6, "A catalogue wasn't found.");
        Assert.True(codes.Count > 50, $"Only {codes.Count} codes.");
        Assert.All(codes.Except(OperatorsOnly), code => Assert.Matches($@"\b{code}\b", contract));
        Assert.All(Catalogues.All, error => Assert.Matches("[а-яА-Я]", error.Message));
        Assert.All(Catalogues.All, error => Assert.Matches("^[a-z][a-z0-9_]*$", error.Code));
    }

    [Fact]
    public void No_service_makes_an_error_outside_of_its_catalogue()
    {
        var sources = Directory.GetDirectories(RepositoryRoot()).Where(folder => Path.GetFileName(folder) is "Gateway" or "Services" or "ServiceDefaults")
            .SelectMany(folder => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.EndsWith("Errors.cs", StringComparison.Ordinal)
                && Path.GetFileName(file) != "ApiError.cs");

        // Passing on another service's error, word for word, makes none.
        Assert.All(sources, file => Assert.DoesNotMatch("""new ApiError\(\s*"|ApiError \w+ (\{ get; \} )?=>?\s*new\(\s*\n?\s*"[a-z_]+",""", File.ReadAllText(file)));
    }

    [Fact]
    public void Every_consumers_queue_is_among_those_whose_dead_letters_are_looked_for()
    {
        var queues = Catalogues.Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.GetInterfaces().Any(contract => contract.Name == "IConsumer"))
            .Select(type => type.GetField("Queue", System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic))
            .Where(field => field is not null).Select(field => (string)field!.GetRawConstantValue()!).ToList();

        Assert.True(queues.Count >= 10);
        Assert.Equal(queues.Order(StringComparer.Ordinal), DeadLetterQueues.Consumers.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_page_of_the_guide_is_Russian_needs_nothing_and_its_links_lead_somewhere()
    {
        foreach (var name in GuidePages.Names)
        {
            using var response = await fixture.Gateway.Anonymous.GetAsync($"/docs/guide/{name}", Cancellation);
            var page = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
            Assert.Matches("<h1[^>]*>[А-Я]", page);
            Assert.DoesNotMatch("""(src|href)="?https?:""", page);
            Assert.Contains("default-src 'none'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
            foreach (var link in Link().Matches(page).Select(match => match.Groups[1].Value).Distinct())
            {
                using var target = await fixture.Gateway.Anonymous.GetAsync(link, Cancellation);
                Assert.True(target.StatusCode == HttpStatusCode.OK, $"{name} links to {link}");
            }
        }

        using var unknown = await fixture.Gateway.Anonymous.GetAsync("/docs/guide/unknown", Cancellation);
        await unknown.AssertErrorAsync(404, "not_found", Cancellation);
    }

    private static string Table()
    {
        var rows = Catalogues.All.Where(error => !OperatorsOnly.Contains(error.Code))
            .GroupBy(error => (error.Status, error.Code))
            .OrderBy(group => group.Key.Status).ThenBy(group => group.Key.Code, StringComparer.Ordinal)
            .Select(group => $"| {group.Key.Status} | `{group.Key.Code}` | {Meaning(group.Key.Code, group.First().Message)} |\n");
        return $"| статус | код | сообщение |\n|---|---|---|\n{string.Concat(rows)}";
    }

    /// <summary>Of those whose messages name what was wrong, what they have in common.</summary>
    private static readonly Dictionary<string, string> InGeneral = new()
    {
        ["validation_failed"] = "Поле или параметр неверны; какой — в `details.field`.",
        ["insufficient_funds"] = "Недостаточно средств. Сколько не хватает и сколько USDT отправить — в `details`.",
        ["amount_above_max"] = "Сумма больше максимальной; она в `details.maxMinor`.",
        ["amount_below_min"] = "Сумма меньше минимальной; она в `details.minMinor`.",
        ["amount_mismatch"] = "Сумма в QR-коде не совпадает с `amountMinor`; она в `details.expectedMinor`.",
        ["limit_exceeded"] = "Превышен лимит: ключа (`details.limit`), числа ключей или кошелька.",
        ["webhook_url_invalid"] = "Адрес вебхуков записан неверно.",
        ["permission_denied"] = "У этого ключа нет прав на это действие; чего не хватает — в `details`.",
    };

    private static string Meaning(string code, string otherwise) =>
        (InGeneral.GetValueOrDefault(code) ?? Catalogues.Messages[code].FirstOrDefault() ?? otherwise)
        .Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ');

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "ArdorQr.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex("""href="(/[^"#]*)""")]
    private static partial Regex Link();
}
