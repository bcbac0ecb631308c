using System.Text;

namespace ArdorQr.Settings;

/// <summary>The page with all settings of all services.</summary>
internal static class SettingsTable
{
    public const string Page = "docs/settings.md";

    /// <summary>The projects that are deployed, by the names of their resources, and what each names in its own connections.</summary>
    private static readonly (string Service, string Folder)[] Services =
    [
        ("gateway", "Gateway"), ("ledger", "Services/Ledger"), ("deposits", "Services/Deposits"),
        ("payments", "Services/Payments"), ("webhooks", "Services/Webhooks"), ("sandbox", "Services/Sandbox"),
    ];

    private const string Common = "ServiceDefaults";

    private const string Head =
        """
        # Settings

        Made by `dotnet run --project tools/Settings` from the services' sources; a test holds both together. A setting is an
        environment variable with two underscores in place of each colon (`Payments__FeeBps=50`), or a member of
        `appsettings.json`. A list's members are numbered from 0. What is missing or out of its range stops the start, and all
        of it is named at once.

        ## Of every service

        | setting | what it is | allowed | default | needed | secret | meaning |
        |---|---|---|---|---|---|---|
        | `ConnectionStrings:SERVICE` | text | | | yes | yes | PostgreSQL as the service's own role, which may do what its grants say |
        | `ConnectionStrings:SERVICE-owner` | text | | | for `migrate` only | yes | PostgreSQL as the owner of the schema: `migrate` adds what is new |
        | `ConnectionStrings:broker` | text | | | yes | yes | RabbitMQ, as `amqp://` or `amqps://`: the service's own account; its `migrate` may have another, which binds queues |
        | `services:OTHER:http:0` | text | an address | | where it calls OTHER | no | where another service is found; more replicas from `:1` on, `https` in place of `http` for TLS |
        | `HTTP_PORTS` or `ASPNETCORE_URLS` | text | | `8080` in the image | no | no | what is listened on |
        | `OTEL_EXPORTER_OTLP_ENDPOINT` | text | an address | | no | no | where traces, metrics and logs are sent; without it none are |
        | `OTEL_EXPORTER_OTLP_TIMEOUT` | whole number | milliseconds | `10000` | no | no | how long one batch may take to be sent |
        | `ASPNETCORE_ENVIRONMENT` | text | | `Production` | no | no | `Development` allows what its settings below say |
        """;

    /// <summary>The page's text.</summary>
    /// <param name="repository">The repository's root.</param>
    public static string Write(string repository)
    {
        var page = new StringBuilder(Head).Append('\n');
        AppendRows(page, SettingsReader.Read(Path.Combine(repository, Common)));
        foreach (var (service, folder) in Services)
        {
            page.Append($"\n## {service}\n\n")
                .Append("| setting | what it is | allowed | default | needed | secret | meaning |\n|---|---|---|---|---|---|---|\n");
            AppendRows(page, SettingsReader.Read(Path.Combine(repository, folder)));
        }

        return page.ToString();
    }

    private static void AppendRows(StringBuilder page, IEnumerable<Setting> settings)
    {
        foreach (var setting in settings)
        {
            page.Append($"| `{setting.Name}` | {setting.Type} | {Cell(setting.Allowed)} | ")
                .Append(setting.Default.Length > 0 ? $"`{Cell(setting.Default)}` | " : "| ")
                .Append($"{setting.Needed} | {(setting.IsSecret ? "yes" : "no")} | {Cell(setting.Meaning)} |\n");
        }
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
