using System.ComponentModel.DataAnnotations;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Features;
using Microsoft.Extensions.Options;

namespace ArdorQr.Ledger;

/// <summary>Settings of the auditor.</summary>
internal sealed class AuditOptions
{
    public const string Section = "Ledger:Audit";

    /// <summary>How often it runs.</summary>
    [Range(1, 3_600)]
    public int IntervalSeconds { get; init; } = 15;

    /// <summary>
    /// How much of the history each run reads again, in rows of each kind (entries and wallets, transfers): with more a
    /// change of old rows is found sooner.
    /// </summary>
    [Range(1, 10_000_000)]
    public int HistoryRowsPerRun { get; init; } = 10_000;

    /// <summary>
    /// Which part of the time it may work while it is up to date, in per cent; when it falls behind it takes more, and
    /// all when it is 10 minutes behind.
    /// </summary>
    [Range(1, 100)]
    public int SharePercent { get; init; } = 5;
}

[OptionsValidator]
internal sealed partial class AuditOptionsValidator : IValidateOptions<AuditOptions>;

internal static class AuditRegistration
{
    public static void AddAudit(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<AuditOptions>, AuditOptionsValidator>();
        services.AddOptionsWithValidateOnStart<AuditOptions>().BindConfiguration(AuditOptions.Section);
        services.AddSingleton<AuditMetrics>();
        services.AddSingleton<HistoryAudit>();
        services.AddSingleton<AuditBooks>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditBooks>());
        services.AddHealthChecks().AddCheck<AuditHealth>("books");
    }
}
