using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>
/// deploy/compose.yaml against compose's own schema, the Kubernetes manifests and the file of secrets; deploy/try-images runs it.
/// </summary>
public sealed partial class ComposeTests : IDisposable
{
    private const string Done = "service_completed_successfully";
    private const string Healthy = "service_healthy";

    private static readonly string[] Services = ["gateway", "ledger", "deposits", "payments", "webhooks", "sandbox"];
    private static readonly ComposeFile Compose = ComposeFile.Read();

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ardorqr-compose-");

    private static string[] Migrations => [.. Services.Select(service => $"{service}-migrate")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void It_has_each_service_its_migration_and_what_they_need() =>
        Assert.Equal(
            [.. Services.Concat(Migrations).Concat(["postgres", "rabbitmq", "dashboard"]).Order()], Compose.Services.Order());

    [Fact]
    public void A_service_has_no_right_that_it_does_not_need_and_an_end_to_its_memory()
    {
        foreach (var name in Services.Concat(Migrations))
        {
            Assert.Equal("true", Compose.Text(name, "read_only"));
            Assert.Equal(["ALL"], Compose.List(name, "cap_drop"));
            Assert.Equal(["no-new-privileges:true"], Compose.List(name, "security_opt"));
            Assert.Equal(["/tmp"], Compose.List(name, "tmpfs"));
            Assert.Equal("512m", Compose.Text(name, "mem_limit"));
        }
    }

    [Fact]
    public void Every_image_is_of_one_version_and_the_dashboard_is_of_the_AppHosts()
    {
        Assert.All(Compose.Services, name => Assert.Matches(PinnedImage(), Compose.Text(name, "image")));
        Assert.All(Migrations, name => Assert.Equal(
            Compose.Text(name[..^"-migrate".Length], "image"), Compose.Text(name, "image")));
        var packages = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props"));
        var version = Compose.Text("dashboard", "image")!.Split(':')[1];
        Assert.Contains($"\"Aspire.Hosting.AppHost\" Version=\"{version}\"", packages, StringComparison.Ordinal);
        Assert.Equal(Compose.Text("dashboard", "image"), Deployment("dashboard").Image);
    }

    [Fact]
    public void No_service_starts_before_all_migrations_have_ended_and_they_wait_for_the_servers()
    {
        Assert.All(Services, name => Assert.Equal(Migrations.Order(), Compose.WaitsFor(name).Keys.Order()));
        Assert.All(Services.SelectMany(name => Compose.WaitsFor(name).Values), until => Assert.Equal(Done, until));
        Assert.All(Migrations, name => Assert.Equal(
            new Dictionary<string, string> { ["postgres"] = Healthy, ["rabbitmq"] = Healthy }, Compose.WaitsFor(name)));
        Assert.All(["postgres", "rabbitmq"], server => Assert.NotEmpty(Compose.Map(server, "healthcheck")));
    }

    [Fact]
    public void Only_migrations_know_the_databases_owners_and_nobody_anothers_secrets()
    {
        Assert.Empty(Compose.List("rabbitmq", "env_file")); // No account but the definitions': see below.
        Assert.All(Services, name => Assert.Equal([$"secrets/{name}.env"], Compose.List(name, "env_file")));
        Assert.All(Services, name => Assert.Equal(
            [$"secrets/{name}.env", $"secrets/{name}-migrate.env"], Compose.List($"{name}-migrate", "env_file")));
    }

    /// <summary>The manifests' test holds them against the settings that there are, and against secrets.</summary>
    [Fact]
    public void It_gives_the_settings_that_the_manifests_give()
    {
        foreach (var name in Services)
        {
            Assert.Equal(
                Deployment(name).Env.ToDictionary(variable => variable.Name, variable => variable.Value),
                Compose.Map(name, "environment").ToDictionary(pair => pair.Key, pair => (string)pair.Value));
        }
    }

    [Fact]
    public void Only_the_gateway_and_the_dashboard_can_be_reached_and_only_who_calls_outside_is_there()
    {
        Assert.Equal(
            ["dashboard", "gateway"], Compose.Services.Where(name => Compose.List(name, "ports").Count > 0).Order());
        Assert.Equal(
            ["dashboard", "deposits", "gateway", "payments", "webhooks"],
            Compose.Services.Where(name => Compose.List(name, "networks").Contains("outside")).Order());
        Assert.Contains("127.0.0.1", Compose.List("gateway", "ports").Single(port => port.EndsWith(":8081", StringComparison.Ordinal)));
        Assert.Contains("127.0.0.1", Compose.List("dashboard", "ports").Single());
    }

    /// <summary>Else the broker would make its default user, an administrator.</summary>
    [Fact]
    public async Task The_broker_loads_the_services_accounts_and_each_service_has_the_password_of_its_own()
    {
        await NewSecrets.MakeAsync(_folder.FullName, Token);
        Assert.Contains("./rabbitmq/definitions.conf:/etc/rabbitmq/conf.d/20-definitions.conf:ro", Compose.List("rabbitmq", "volumes"));
        Assert.Contains("./secrets/rabbitmq-definitions.json:/etc/rabbitmq/definitions.json:ro", Compose.List("rabbitmq", "volumes"));
        var definitions = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(_folder.FullName, "secrets/rabbitmq-definitions.json"), Token))!;

        Assert.Equal(
            Services.Concat(Migrations).Order(), definitions["users"]!.AsArray().Select(user => (string)user!["name"]!).Order());
        foreach (var user in definitions["users"]!.AsArray())
        {
            Assert.Empty(user!["tags"]!.AsArray());
            var (name, hash) = ((string)user["name"]!, Convert.FromBase64String((string)user["password_hash"]!));
            var uri = new Uri((await SecretsAsync(name))["ConnectionStrings__broker"]);
            Assert.Equal(name, uri.UserInfo.Split(':')[0]);
            var password = Encoding.ASCII.GetBytes(uri.UserInfo.Split(':')[1]);
            Assert.Equal(hash[4..], SHA256.HashData([.. hash[..4], .. password])); // RabbitMQ's way: four bytes of salt first.
        }
    }

    /// <summary>One account's password changes, and nothing else; where the broker is stays as it was set.</summary>
    [Fact]
    public async Task A_password_of_the_broker_is_changed_for_one_account_alone()
    {
        await NewSecrets.MakeAsync(_folder.FullName, Token);
        var ledger = Path.Combine(_folder.FullName, "secrets/ledger.env");
        await File.WriteAllTextAsync(
            ledger, (await File.ReadAllTextAsync(ledger, Token)).Replace("amqp://", "amqps://", StringComparison.Ordinal)
                .Replace("@rabbitmq:5672/", "@broker.example:5671/", StringComparison.Ordinal), Token);
        var before = await AllSecretsAsync();

        var (code, words, faults) = await OutsideProgram.RunAsync(
            Path.Combine(_folder.FullName, "broker-accounts"), ["ledger"], Token);
        Assert.True(code == 0, faults);
        Assert.Equal("A new password: ledger", words.Trim());
        var after = await AllSecretsAsync();

        Assert.Equal(
            ["ledger.env", "rabbitmq-definitions.json"],
            before.Keys.Where(file => !before[file].SequenceEqual(after[file])).Order());
        Assert.Equal(
            ["\"name\": \"ledger\""],
            after["rabbitmq-definitions.json"].Except(before["rabbitmq-definitions.json"]).Select(line => line.Trim()[2..].Split(',')[0]));
        Assert.Matches(
            "^ConnectionStrings__broker=amqps://ledger:[0-9a-f]{48}@broker.example:5671/$",
            Assert.Single(after["ledger.env"].Except(before["ledger.env"])));
    }

    /// <summary>With the secrets that deploy/new-secrets makes: docker-compose reads every file that is named.</summary>
    [Fact]
    public async Task Compose_itself_finds_nothing_wrong_with_it()
    {
        await NewSecrets.MakeAsync(_folder.FullName, Token);
        File.Copy(Path.Combine(Repository.Root, "deploy/compose.yaml"), Path.Combine(_folder.FullName, "compose.yaml"));
        var (code, _, faults) = await OutsideProgram.RunAsync(
            "docker-compose", ["-f", Path.Combine(_folder.FullName, "compose.yaml"), "config", "--quiet"], Token);

        Assert.True(code == 0, faults);
    }

    /// <summary>Services take PKCS#8 alone, which OpenSSL writes when it is asked to.</summary>
    [Fact]
    public async Task The_keys_that_are_made_are_such_as_the_services_take_and_trust()
    {
        await NewSecrets.MakeAsync(_folder.FullName, Token);

        foreach (var name in Services)
        {
            var settings = await SecretsAsync(name);
            foreach (var setting in settings.Where(pair => pair.Key.EndsWith("SigningKey", StringComparison.Ordinal)))
            {
                using var key = ECDsa.Create();
                key.ImportPkcs8PrivateKey(Convert.FromBase64String(setting.Value), out _);
                Assert.Equal(
                    setting.Key.StartsWith("Identity", StringComparison.Ordinal),
                    settings.ContainsValue(Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())));
            }

            Assert.Contains("Identity__SigningKey", settings.Keys);
        }
    }

    private async Task<Dictionary<string, string>> SecretsAsync(string name) =>
        (await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "secrets", $"{name}.env"), Token))
            .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    private async Task<Dictionary<string, string[]>> AllSecretsAsync()
    {
        var files = new Dictionary<string, string[]>();
        foreach (var file in Directory.GetFiles(Path.Combine(_folder.FullName, "secrets")))
        {
            files[Path.GetFileName(file)] = await File.ReadAllLinesAsync(file, Token);
        }

        return files;
    }

    private static V1Container Deployment(string name) =>
        KubernetesYaml.LoadAllFromString(
                File.ReadAllText(Path.Combine(Repository.Root, $"deploy/kubernetes/services/{name}.yaml")), strict: true)
            .OfType<V1Deployment>().Single().Spec.Template.Spec.Containers.Single();

    [GeneratedRegex(@"^[^:]+:(\$\{ARDORQR_TAG:-1\.0\.0\}|[0-9]+\.[0-9]+(\.[0-9]+)?)$")]
    private static partial Regex PinnedImage();
}
