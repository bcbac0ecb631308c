using System.Security.Cryptography;
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

    /// <summary>With the secrets that deploy/new-secrets makes: docker-compose reads every file that is named.</summary>
    [Fact]
    public async Task Compose_itself_finds_nothing_wrong_with_it()
    {
        await MakeSecretsAsync();
        File.Copy(Path.Combine(Repository.Root, "deploy/compose.yaml"), Path.Combine(_folder.FullName, "compose.yaml"));
        var (code, _, faults) = await OutsideProgram.RunAsync(
            "docker-compose", ["-f", Path.Combine(_folder.FullName, "compose.yaml"), "config", "--quiet"], Token);

        Assert.True(code == 0, faults);
    }

    /// <summary>Services take PKCS#8 alone, which OpenSSL writes when it is asked to.</summary>
    [Fact]
    public async Task The_keys_that_are_made_are_such_as_the_services_take_and_trust()
    {
        await MakeSecretsAsync();

        foreach (var name in Services)
        {
            var settings = File.ReadLines(Path.Combine(_folder.FullName, "secrets", $"{name}.env"))
                .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
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

    private async Task MakeSecretsAsync()
    {
        var script = Path.Combine(_folder.FullName, "new-secrets");
        File.Copy(Path.Combine(Repository.Root, "deploy/new-secrets"), script);
        var (code, _, words) = await OutsideProgram.RunAsync(script, [], Token);
        Assert.True(code == 0, words);
    }

    private static V1Container Deployment(string name) =>
        KubernetesYaml.LoadAllFromString(
                File.ReadAllText(Path.Combine(Repository.Root, $"deploy/kubernetes/services/{name}.yaml")), strict: true)
            .OfType<V1Deployment>().Single().Spec.Template.Spec.Containers.Single();

    [GeneratedRegex(@"^[^:]+:(\$\{ARDORQR_TAG:-1\.0\.0\}|[0-9]+\.[0-9]+(\.[0-9]+)?)$")]
    private static partial Regex PinnedImage();
}
