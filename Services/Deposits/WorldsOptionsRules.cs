using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Ton;
using Microsoft.Extensions.Options;

namespace ArdorQr.Deposits;

/// <summary>
/// What the settings of the worlds must be together: live has nothing of a sandbox, and nothing that is test's.
/// </summary>
internal sealed class WorldsOptionsRules : IValidateOptions<WorldsOptions>
{
    private const int MinLiveSources = 2;

    /// <summary>Of RFC 8032, 7.1, test 1, which prints the private key beside it; the test mode's manifests use it.</summary>
    private const string ExamplePublicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    public ValidateOptionsResult Validate(string? name, WorldsOptions options)
    {
        var faults = Faults(Mode.Live, options.Live).Concat(Faults(Mode.Test, options.Test)).Concat(Shared(options)).ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> Faults(Mode mode, WorldOptions? world)
    {
        if (world is null)
        {
            yield break;
        }

        var name = mode == Mode.Live ? nameof(WorldsOptions.Live) : nameof(WorldsOptions.Test);
        var section = $"{WorldsOptions.Section}:{name}";
        if (world.JettonMaster is { } master && !TonAddress.TryParse(master, out _))
        {
            yield return $"{section}:{nameof(world.JettonMaster)} is no TON address.";
        }

        if (world.MinRateAbsolute > world.MaxRateAbsolute)
        {
            yield return $"{section}:{nameof(world.MinRateAbsolute)} is above {nameof(world.MaxRateAbsolute)}.";
        }

        if (world.RateSources.Count < world.MinRateSources)
        {
            yield return $"{section}:{nameof(world.RateSources)} are fewer than {nameof(world.MinRateSources)}.";
        }

        if (world.FaucetUrl is not null && string.IsNullOrWhiteSpace(world.FaucetToken))
        {
            yield return $"{section}:{nameof(world.FaucetToken)} is missing beside {nameof(world.FaucetUrl)}.";
        }

        if (world.BlockedSourcesFile is { } file && FaultOf(file) is { } unreadable)
        {
            yield return $"{section}:{nameof(world.BlockedSourcesFile)}: {unreadable}";
        }

        if (world.SecondChainUrl is not null && world.SecondChainUrl == world.ChainUrl)
        {
            yield return $"{section}:{nameof(world.SecondChainUrl)} is {nameof(world.ChainUrl)}: it must be somebody else's.";
        }

        var kinds = string.Join(", ", RateAnswers.Kinds.Keys);
        foreach (var kind in world.RateSources.Select(source => source.Kind).OfType<string>().Except(RateAnswers.Kinds.Keys))
        {
            yield return $"{section}:{nameof(world.RateSources)}: '{kind}' is none of {kinds}.";
        }

        foreach (var fault in mode == Mode.Live ? LiveFaults(world) : TestFaults(world))
        {
            yield return $"{section}:{fault}";
        }
    }

    private static string? FaultOf(string blockedSourcesFile)
    {
        try
        {
            ListedSources.Read(blockedSourcesFile);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            return exception.Message;
        }
    }

    private static IEnumerable<string> LiveFaults(WorldOptions world)
    {
        if (world.NetworkGlobalId is { } network and not WalletV5R1.MainnetGlobalId)
        {
            yield return $"{nameof(world.NetworkGlobalId)} is {network}; live runs on mainnet only.";
        }

        if (world.FaucetUrl is not null)
        {
            yield return $"{nameof(world.FaucetUrl)} is set; live has no faucet.";
        }

        if (world.MinRateSources < MinLiveSources)
        {
            yield return $"{nameof(world.MinRateSources)} is below {MinLiveSources}.";
        }

        foreach (var (name, isMissing) in ((string, bool)[])
            [
                (nameof(world.MaxCreditUsdt), world.MaxCreditUsdt is null),
                (nameof(world.MaxCreditPerHourUsdt), world.MaxCreditPerHourUsdt is null),
                (nameof(world.MaxRateStepBps), world.MaxRateStepBps is null),
                (nameof(world.ReferenceRateUrl), world.ReferenceRateUrl is null),
            ])
        {
            if (isMissing)
            {
                yield return $"{name} is missing.";
            }
        }

        if (string.Equals(world.PublicKey, ExamplePublicKey, StringComparison.OrdinalIgnoreCase))
        {
            yield return $"{nameof(world.PublicKey)} is RFC 8032's example: everybody has its private key.";
        }

        if (world.RateSources.Any(source => source.Kind == RateAnswers.Sandbox))
        {
            yield return $"{nameof(world.RateSources)} has a sandbox; live takes none.";
        }
    }

    private static IEnumerable<string> TestFaults(WorldOptions world)
    {
        if (world.NetworkGlobalId is WalletV5R1.MainnetGlobalId)
        {
            yield return $"{nameof(world.NetworkGlobalId)} is mainnet's; test runs on a test network only.";
        }

        if (world.RateSources.Any(source => source.Kind is { } kind && kind != RateAnswers.Sandbox))
        {
            yield return $"{nameof(world.RateSources)} has a real one; test takes sandboxes only.";
        }
    }

    private static IEnumerable<string> Shared(WorldsOptions options)
    {
        if (options is not { Live: { } live, Test: { } test })
        {
            yield break;
        }

        var pairs = new[]
        {
            (Name: nameof(live.ChainUrl), Live: live.ChainUrl, Test: test.ChainUrl),
            (Name: nameof(live.PublicKey), Live: live.PublicKey, Test: test.PublicKey),
            (Name: nameof(live.JettonMaster), Live: live.JettonMaster, Test: test.JettonMaster),
        };
        foreach (var (name, ofLive, ofTest) in pairs)
        {
            if (ofLive is not null && string.Equals(ofLive, ofTest, StringComparison.OrdinalIgnoreCase))
            {
                yield return $"{WorldsOptions.Section}: live and test share {name}.";
            }
        }
    }
}
