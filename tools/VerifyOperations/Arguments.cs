namespace ArdorQr.VerifyOperations;

/// <summary>The command line.</summary>
internal sealed record Arguments(
    Guid MerchantId, string Mode, IReadOnlyList<string> Pages, IReadOnlyList<string> Checkpoints,
    IReadOnlyList<string> PublicKeys)
{
    /// <summary>Null when something is missing or unknown.</summary>
    public static Arguments? TryParse(string[] args)
    {
        var (merchant, mode) = ((string?)null, (string?)null);
        var (pages, checkpoints, keys) = (new List<string>(), new List<string>(), new List<string>());
        for (var index = 0; index < args.Length; index++)
        {
            if (!args[index].StartsWith("--", StringComparison.Ordinal))
            {
                pages.Add(args[index]);
                continue;
            }

            var (name, value) = (args[index], ++index < args.Length ? args[index] : null);
            switch (name, value)
            {
                case ("--merchant", { }):
                    merchant = value;
                    break;
                case ("--mode", "test" or "live"):
                    mode = value;
                    break;
                case ("--checkpoint", { }):
                    checkpoints.Add(value);
                    break;
                case ("--public-key", { }):
                    keys.Add(value);
                    break;
                default:
                    return null;
            }
        }

        return Guid.TryParseExact(merchant, "D", out var merchantId) && mode is not null && pages.Count > 0
            ? new Arguments(merchantId, mode, pages, checkpoints, keys)
            : null;
    }
}
