using System.ComponentModel.DataAnnotations;
using ArdorQr.Contracts;
using ArdorQr.Payments.Domain;
using ArdorQr.Payments.Domain.Qr;
using ArdorQr.ServiceDefaults.Sealing;
using Microsoft.Extensions.Options;

namespace ArdorQr.Payments;

/// <summary>The settings of Payments, under <c>Payments:</c>.</summary>
internal sealed class PaymentsOptions
{
    public const string Section = "Payments";

    private const int SecondsPerDay = 86_400;

    /// <summary>How long a resolved payment may be confirmed.</summary>
    [Range(1, SecondsPerDay)]
    public int LifetimeSeconds { get; init; } = 600;

    /// <summary>The fee in basis points of the amount, rounded up to a kopeck.</summary>
    [Range(0, 10_000)]
    public int FeeBps { get; init; }

    /// <summary>The least fee, in kopecks, where there is one.</summary>
    [Range(0, long.MaxValue)]
    public long FeeMinMinor { get; init; }

    /// <summary>The greatest fee, in kopecks; 0 means that there is none.</summary>
    [Range(0, long.MaxValue)]
    public long FeeMaxMinor { get; init; }

    /// <summary>The least amount of a payment, in kopecks.</summary>
    [Range(1, long.MaxValue)]
    public long MinMinor { get; init; } = 1;

    /// <summary>The greatest amount of a payment, in kopecks.</summary>
    [Range(1, 1_000_000_000_000)]
    public long MaxMinor { get; init; } = 100_000_000;

    /// <summary>
    /// After this long since the confirmation, an id that the rail has never seen is cancelled: a payment that an
    /// outage has delayed longer is no longer what the merchant expects.
    /// </summary>
    [Range(1, 30 * SecondsPerDay)]
    public int CutOffSeconds { get; init; } = 900;

    /// <summary>After this long since the confirmation, a payment without an outcome waits for a person too.</summary>
    [Range(1, 30 * SecondsPerDay)]
    public int ReviewSeconds { get; init; } = SecondsPerDay;

    /// <summary>How long a refusal for a shortfall waits for Deposits to name the USDT that make it up.</summary>
    [Range(1, 10_000)]
    public int QuoteTimeoutMilliseconds { get; init; } = 200;

    /// <summary>The key under which codes, payees and kept answers are stored: 32 bytes in base64. A secret.</summary>
    [Required, SealingKey]
    public string? EncryptionKey { get; init; }

    /// <summary>Earlier keys, in the same form, still needed to read what was stored under them. A secret.</summary>
    [SealingKey]
    public IReadOnlyList<string> RetiredEncryptionKeys { get; init; } = [];

    /// <summary>
    /// Whether codes and payees are stored sealed: no while a release runs beside that can't read them, and yes from then
    /// on for good.
    /// </summary>
    public bool SealsRows { get; init; }

    /// <summary>How long after its end a paid or refunded payment keeps its code and its payee.</summary>
    [Range(1, 3_650)]
    public int PayeeRetentionDays { get; init; } = 180;

    /// <summary>The same for a payment that was never confirmed.</summary>
    [Range(1, 3_650)]
    public int UnpaidRetentionDays { get; init; } = 7;

    [ValidateObjectMembers]
    public RailsOptions Rails { get; init; } = new();

    public QrOptions Qr { get; init; } = new();

    public FeeTariff Tariff => new(FeeBps, new Kopecks(FeeMinMinor), new Kopecks(FeeMaxMinor));
}

/// <summary>Files that replace what the service knows of banks; one that isn't named leaves what was shipped.</summary>
internal sealed class QrOptions
{
    /// <summary>Names by member id in SBP: <c>{"members":[{"memberId","name"}]}</c>.</summary>
    public string? SbpMembersFile { get; init; }

    /// <summary>Names by BIC, shown in place of what codes print: <c>{"banks":[{"bic","name"}]}</c>.</summary>
    public string? BanksFile { get; init; }

    /// <exception cref="IOException">A file can't be read.</exception>
    /// <exception cref="FormatException">A file isn't such a table.</exception>
    public QrTables Load() => QrTables.Of(TextOf(SbpMembersFile), TextOf(BanksFile));

    private static string? TextOf(string? file) => string.IsNullOrEmpty(file) ? null : File.ReadAllText(file);
}

/// <summary>A table that can't be read stops the start, not the first payment.</summary>
internal sealed class QrOptionsValidator : IValidateOptions<PaymentsOptions>
{
    public ValidateOptionsResult Validate(string? name, PaymentsOptions options)
    {
        try
        {
            options.Qr.Load();
            return ValidateOptionsResult.Success;
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            return ValidateOptionsResult.Fail($"Qr: {exception.Message}");
        }
    }
}

/// <summary>One rail per world; a world without one is not served.</summary>
internal sealed class RailsOptions
{
    [ValidateObjectMembers]
    public RailOptions? Live { get; init; }

    [ValidateObjectMembers]
    public RailOptions? Test { get; init; }

    public RailOptions? Of(Mode mode) => mode == Mode.Live ? Live : Test;
}

/// <summary>Where a rail is and how it is spoken to.</summary>
internal sealed class RailOptions
{
    /// <summary>What the environment of a sandbox is called, in settings and by <c>/rail/v1/info</c>.</summary>
    public const string SandboxEnvironment = "sandbox";

    /// <summary>The base address, before <c>/rail/v1/…</c>.</summary>
    [Required]
    public Uri? Url { get; init; }

    /// <summary>Names the rail in callbacks' path; stored with each payment.</summary>
    [Required, RegularExpression("^[a-z0-9-]{1,32}$")]
    public string? Name { get; init; }

    /// <summary>Our bearer token at the rail. A secret.</summary>
    [Required]
    public string? Token { get; init; }

    /// <summary>The key of the callbacks' signature. A secret.</summary>
    [Required, MinLength(16)]
    public string? CallbackSecret { get; init; }

    /// <summary>What <c>/rail/v1/info</c> must name.</summary>
    [Required]
    public string? Environment { get; init; }

    /// <summary>How long one call may take, retries included.</summary>
    [Range(1, 60)]
    public int TimeoutSeconds { get; init; } = 5;

    /// <summary>Repetitions after a broken connection, of calls that only read.</summary>
    [Range(0, 3)]
    public int Retries { get; init; } = 1;

    /// <summary>How long the rail is left alone after its calls have broken or timed out nearly always.</summary>
    [Range(1, 60)]
    public int BreakSeconds { get; init; } = 3;
}

[OptionsValidator]
internal sealed partial class PaymentsOptionsValidator : IValidateOptions<PaymentsOptions>;

/// <summary>The wall between the worlds: live never uses a sandbox or test's rail, test never a real one.</summary>
internal sealed class RailWorldsValidator : IValidateOptions<PaymentsOptions>
{
    public ValidateOptionsResult Validate(string? name, PaymentsOptions options)
    {
        var (live, test) = (options.Rails.Live, options.Rails.Test);
        var faults = new List<string>();
        if (live?.Environment == RailOptions.SandboxEnvironment)
        {
            faults.Add("Payments:Rails:Live:Environment is a sandbox's.");
        }

        if (test is not null && test.Environment != RailOptions.SandboxEnvironment)
        {
            faults.Add("Payments:Rails:Test:Environment is not a sandbox's.");
        }

        if (live?.Url is not null && live.Url == test?.Url)
        {
            faults.Add("Payments:Rails:Live:Url is test's.");
        }

        if (options.MinMinor > options.MaxMinor)
        {
            faults.Add("Payments:MinMinor is above Payments:MaxMinor.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
