using System.ComponentModel.DataAnnotations;
using ArdorQr.Gateway.Domain;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features;

/// <summary>How much one client may ask of us.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Gateway:Limits";

    private const int FailuresWindowSeconds = 60;

    /// <summary>Requests of one API key in a window, over all replicas.</summary>
    [Range(1, 1_000_000)]
    public int KeyRequests { get; init; } = 3_000;

    /// <summary>Requests of one client address in a window, at one replica.</summary>
    [Range(1, 1_000_000)]
    public int AddressRequests { get; init; } = 6_000;

    /// <summary>The window that requests are counted in.</summary>
    [Range(1, 3_600)]
    public int WindowSeconds { get; init; } = 10;

    /// <summary>Wrong keys of one address in a minute; past them it gets 429 for every key not in use already.</summary>
    [Range(1, 1_000_000)]
    public int FailedKeysPerMinute { get; init; } = 100;

    /// <summary>The same for operators' tokens.</summary>
    [Range(1, 1_000_000)]
    public int FailedOperatorTokensPerMinute { get; init; } = 20;

    /// <summary>Connections at once, to both listeners together.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>How long a request may take from its first byte to the answer's beginning.</summary>
    [Range(1, 600)]
    public int RequestTimeoutSeconds { get; init; } = 40;

    /// <summary>How long a client may take to send its headers.</summary>
    [Range(1, 120)]
    public int HeadersTimeoutSeconds { get; init; } = 10;

    /// <summary>A client that sends its body, or takes its answer, more slowly than this is dropped.</summary>
    [Range(1, 1_000_000)]
    public int MinBytesPerSecond { get; init; } = 240;

    public RateRule KeyRule => new(KeyRequests, WindowSeconds);

    public RateRule AddressRule => new(AddressRequests, WindowSeconds);

    public RateRule FailedKeysRule => new(FailedKeysPerMinute, FailuresWindowSeconds);

    public RateRule FailedTokensRule => new(FailedOperatorTokensPerMinute, FailuresWindowSeconds);
}

[OptionsValidator]
internal sealed partial class LimitOptionsValidator : IValidateOptions<LimitOptions>;
