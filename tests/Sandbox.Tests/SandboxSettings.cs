namespace ArdorQr.Sandbox.Tests;

internal static class SandboxSettings
{
    public const string RailToken = "rail-token";
    public const string FaucetToken = "faucet-token";
    public const string CallbackSecret = "callback-secret";

    public static Dictionary<string, string?> With(string callbackUrl = "http://127.0.0.1:9/", int holdSeconds = 1) => new()
    {
        ["Sandbox:RailToken"] = RailToken,
        ["Sandbox:FaucetToken"] = FaucetToken,
        ["Sandbox:CallbackSecret"] = CallbackSecret,
        ["Sandbox:CallbackUrl"] = callbackUrl,
        ["Sandbox:HoldSeconds"] = $"{holdSeconds}",
    };
}
