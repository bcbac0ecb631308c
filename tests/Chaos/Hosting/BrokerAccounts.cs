using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ArdorQr.Chaos.Hosting;

/// <summary>
/// The accounts of <c>deploy/rabbitmq/definitions.json</c> with passwords of this run's own, and beside them an
/// administrator: he prepares what no service may, and is who a release connects as that knows no accounts yet.
/// </summary>
internal sealed class BrokerAccounts
{
    public const string Administrator = "administrator";

    private const string Template = "deploy/rabbitmq/definitions.json";
    private const int SaltBytes = 4; // The broker's.

    private readonly Dictionary<string, string> _passwords = [];

    /// <param name="file">Takes what the broker loads.</param>
    public BrokerAccounts(string file)
    {
        var definitions = JsonNode.Parse(File.ReadAllText(Path.Combine(ChaosFolder.Repository, Template)))!;
        var users = definitions["users"]!.AsArray();
        foreach (var user in users)
        {
            user!["password_hash"] = NewHash(user["name"]!.GetValue<string>());
        }

        users.Add(new JsonObject
        {
            ["name"] = Administrator,
            ["password_hash"] = NewHash(Administrator),
            ["hashing_algorithm"] = "rabbit_password_hashing_sha256",
            ["tags"] = new JsonArray("administrator"),
        });
        definitions["permissions"]!.AsArray().Add(new JsonObject
        {
            ["user"] = Administrator, ["vhost"] = "/", ["configure"] = ".*", ["write"] = ".*", ["read"] = ".*",
        });
        Services = [.. _passwords.Keys.Where(name => name != Administrator)];
        File.WriteAllText(file, definitions.ToJsonString());
    }

    /// <summary>The services' and their migrations'.</summary>
    public IReadOnlyList<string> Services { get; }

    /// <summary>Whether a release knows the accounts: one from before they were made declares what they may not.</summary>
    public static bool AreKnownTo(Release release) => File.Exists(Path.Combine(release.Repository, Template));

    public string UriOf(string account, int port) => $"amqp://{account}:{_passwords[account]}@127.0.0.1:{port}/";

    private string NewHash(string account)
    {
        var password = _passwords[account] = RandomNumberGenerator.GetHexString(32);
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
    }
}
