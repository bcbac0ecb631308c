using System.Globalization;

namespace ArdorQr.RailConformance;

/// <summary>What the adapter's author gives: where it is, how to speak to it, and codes that it knows.</summary>
internal sealed record Options
{
    public Uri? Url { get; private init; }

    public string? Token { get; init; }

    /// <summary>A code that is payable now and completes; with the sum that it is to be paid with.</summary>
    public string? Qr { get; init; }

    public long AmountMinor { get; init; }

    /// <summary>A code that is payable and fails at execution, or null: then that isn't checked.</summary>
    public string? FailingQr { get; init; }

    public long FailingAmountMinor { get; init; }

    /// <summary>Where the adapter calls back, on this machine; null: then callbacks aren't checked.</summary>
    public Uri? CallbackListen { get; private init; }

    public string? CallbackSecret { get; init; }

    /// <summary>How long a transfer may take to its final status.</summary>
    public int PatienceSeconds { get; init; } = 60;

    /// <summary>Null when something is missing or not understood.</summary>
    public static Options? TryParse(string[] args)
    {
        var options = new Options();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || options.With(args[i], args[i + 1]) is not { } more)
            {
                return null;
            }

            options = more;
        }

        return options is { Url: not null, Token: not null, Qr: not null, AmountMinor: > 0 }
            && options.FailingQr is null == (options.FailingAmountMinor == 0)
            && options.CallbackListen is null == options.CallbackSecret is null ? options : null;
    }

    private Options? With(string name, string value) => name switch
    {
        "--url" when Uri.TryCreate(value, UriKind.Absolute, out var url) => this with { Url = url },
        "--token" => this with { Token = value },
        "--qr" => this with { Qr = value },
        "--amount" when Number(value) is { } amount => this with { AmountMinor = amount },
        "--failing-qr" => this with { FailingQr = value },
        "--failing-amount" when Number(value) is { } amount => this with { FailingAmountMinor = amount },
        "--callback-listen" when Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp
            && url.IsLoopback => this with { CallbackListen = url },
        "--callback-secret" => this with { CallbackSecret = value },
        "--patience" when Number(value) is { } and <= 3_600 and var seconds => this with { PatienceSeconds = (int)seconds },
        _ => null,
    };

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
}
