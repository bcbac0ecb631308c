using ArdorQr.Settings;
using k8s;
using k8s.Models;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>The manifests against Kubernetes' own schema, and against what the services need and are.</summary>
public sealed class KubernetesTests
{
    private const string Folder = "deploy/kubernetes";
    private const string Name = "app.kubernetes.io/name";

    private static readonly string[] Services = ["gateway", "ledger", "deposits", "payments", "webhooks", "sandbox"];

    /// <summary>What isn't a section's setting, but is on the page's first table.</summary>
    private static readonly string[] Common = ["OTEL_", "ASPNETCORE_", "services__"];

    private static readonly List<object> All =
        [.. Files().SelectMany(file => KubernetesYaml.LoadAllFromString(File.ReadAllText(file), strict: true))];

    [Fact]
    public void Every_file_is_in_a_kustomization_and_knows_only_what_the_schema_knows()
    {
        var listed = Directory.GetFiles(Path.Combine(Repository.Root, Folder), "kustomization.yaml", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines).Where(line => line.EndsWith(".yaml", StringComparison.Ordinal))
            .Select(line => line.Trim(' ', '-')).Order();

        Assert.Equal(Files().Select(Path.GetFileName).Order(), listed);
        Assert.True(All.Count > 30, $"only {All.Count} objects");
    }

    [Fact]
    public void Every_service_has_a_budget_probes_bounds_and_no_right_that_it_does_not_need()
    {
        foreach (var service in Services)
        {
            var deployment = Named<V1Deployment>(service);
            var (pod, container) = (deployment.Spec.Template.Spec, deployment.Spec.Template.Spec.Containers.Single());

            Assert.Equal(service, Named<V1PodDisruptionBudget>(service).Spec.Selector.MatchLabels[Name]);
            Assert.Equal(service, Named<V1Service>(service).Spec.Selector[Name]);
            Assert.NotNull(Named<V1NetworkPolicy>(service).Spec.PodSelector);
            Assert.Equal("/health/ready", container.ReadinessProbe.HttpGet.Path);
            Assert.Equal("/health/live", container.LivenessProbe.HttpGet.Path);
            Assert.Contains("memory", container.Resources.Limits.Keys);
            Assert.True(pod.SecurityContext.RunAsNonRoot, service);
            Assert.False(pod.AutomountServiceAccountToken, service);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem, service);
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation, service);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
            Assert.Equal($"ardorqr-{service}", container.EnvFrom.Single().SecretRef.Name);
        }
    }

    [Fact]
    public void Only_migrations_know_the_databases_owners()
    {
        var withOwner = All.OfType<V1Job>().ToDictionary(
            job => job.Metadata.Name, job => job.Spec.Template.Spec.Containers.Single().EnvFrom.Select(from => from.SecretRef.Name));

        Assert.Equal(Services.Select(service => $"migrate-{service}").Order(), withOwner.Keys.Order());
        Assert.All(Services, service =>
            Assert.Equal([$"ardorqr-{service}", $"ardorqr-{service}-migrate"], withOwner[$"migrate-{service}"]));
    }

    [Fact]
    public void Every_setting_exists_and_no_secret_stands_in_a_manifest()
    {
        var settings = Services.Select(FolderOf).Prepend("ServiceDefaults")
            .SelectMany(folder => SettingsReader.Read(Path.Combine(Repository.Root, folder)))
            .ToDictionary(setting => setting.Name.Replace(":", "__", StringComparison.Ordinal));
        var given = All.OfType<V1Deployment>().SelectMany(deployment => deployment.Spec.Template.Spec.Containers)
            .SelectMany(container => container.Env ?? []).Select(variable => variable.Name).Distinct()
            .Where(name => !Common.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))).ToList();

        Assert.NotEmpty(given);
        Assert.All(given, name => Assert.True(settings.ContainsKey(name), $"{name} is no setting"));
        Assert.All(given, name => Assert.False(settings[name].IsSecret, $"{name} is a secret"));
    }

    /// <summary>A count in the deployment would undo the autoscaler's at each rollout.</summary>
    [Fact]
    public void Every_service_scales_between_two_replicas_and_a_limit_and_has_no_count_of_its_own()
    {
        var scalers = All.OfType<V2HorizontalPodAutoscaler>().ToDictionary(scaler => scaler.Spec.ScaleTargetRef.Name);

        Assert.Equal(Services.Order(), scalers.Keys.Order());
        Assert.All(scalers.Values, scaler => Assert.InRange(scaler.Spec.MinReplicas ?? 1, 2, scaler.Spec.MaxReplicas - 1));
        Assert.All(scalers.Keys, service => Assert.Null(Named<V1Deployment>(service).Spec.Replicas));
    }

    [Fact]
    public void Whatever_scales_by_its_queues_names_queues_that_are_consumed()
    {
        var consumed = File.ReadAllText(Path.Combine(Repository.Root, "Gateway/Clients/DeadLetterQueues.cs"));
        var queues = All.OfType<V2HorizontalPodAutoscaler>().SelectMany(scaler => scaler.Spec.Metrics)
            .Where(metric => metric.External is not null)
            .SelectMany(metric => metric.External.Metric.Selector.MatchExpressions.Single().Values).ToList();

        Assert.NotEmpty(queues);
        Assert.All(queues, queue => Assert.Contains($"\"{queue}\"", consumed, StringComparison.Ordinal));
    }

    /// <summary>Who may call whom, as the design says.</summary>
    [Theory]
    [InlineData("ledger", "gateway payments")]
    [InlineData("deposits", "gateway payments")]
    [InlineData("payments", "gateway")]
    [InlineData("webhooks", "gateway")]
    [InlineData("sandbox", "deposits gateway payments")]
    public void Only_its_callers_reach_a_service(string service, string callers)
    {
        var policy = Named<V1NetworkPolicy>(service).Spec;

        Assert.Equal(service, policy.PodSelector.MatchLabels[Name]);
        Assert.Equal(["Ingress", "Egress"], policy.PolicyTypes);
        Assert.Equal(callers.Split(' '),
            policy.Ingress.Single().FromProperty.Select(peer => peer.PodSelector.MatchLabels[Name]).Order());
    }

    [Fact]
    public void What_calls_outside_never_calls_inside()
    {
        string[] inside = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"];
        var outside = All.OfType<V1NetworkPolicy>().Where(policy => policy.Spec.Egress?
            .Any(rule => rule.To.Any(peer => peer.IpBlock is not null)) == true).ToList();

        Assert.Equal(["deposits", "payments", "webhooks"], outside.Select(policy => policy.Metadata.Name).Order());
        Assert.All(outside.SelectMany(policy => policy.Spec.Egress).SelectMany(rule => rule.To)
            .Where(peer => peer.IpBlock?.Cidr == "0.0.0.0/0"), peer => Assert.Empty(inside.Except(peer.IpBlock.Except)));
    }

    /// <summary>A receiver that the service accepts mustn't be cut off by the cluster.</summary>
    [Fact]
    public void Webhooks_reaches_just_the_ports_that_receivers_may_listen_on()
    {
        var allowed = SettingsReader.Read(Path.Combine(Repository.Root, "Services/Webhooks"))
            .Single(setting => setting.Name == "Webhooks:AllowedPorts").Default;

        var ports = Named<V1NetworkPolicy>("webhooks").Spec.Egress.Single().Ports
            .Select(port => port.EndPort is { } end ? $"{port.Port.Value}-{end}" : port.Port.Value);

        Assert.Equal(allowed.Trim('`'), string.Join(',', ports));
    }

    /// <summary>What docs/security.md says of TLS between services must be possible without other manifests.</summary>
    [Fact]
    public void Services_may_be_called_by_tls_too()
    {
        var policies = All.OfType<V1NetworkPolicy>().SelectMany(policy => (policy.Spec.Ingress ?? [])
            .SelectMany(rule => rule.FromProperty is null ? [] : rule.Ports)
            .Concat((policy.Spec.Egress ?? []).SelectMany(rule => rule.Ports))).Select(port => port.Port.Value).ToList();

        Assert.Equal(policies.Count(port => port == "8080"), policies.Count(port => port == "8443"));
        Assert.All(Services.Except(["gateway"]), service =>
            Assert.Contains(Named<V1Service>(service).Spec.Ports, port => port.Port == 8443));
    }

    /// <summary>What is applied at last: every object in the namespace, every image of the release.</summary>
    [Theory]
    [InlineData("services", 6)]
    [InlineData("migrations", 6)]
    public async Task Kustomize_makes_of_each_folder_what_can_be_applied(string folder, int images)
    {
        var (code, output, faults) = await OutsideProgram.RunAsync(
            "kubectl", ["kustomize", Path.Combine(Repository.Root, Folder, folder)], TestContext.Current.CancellationToken);

        Assert.True(code == 0, faults);
        var objects = KubernetesYaml.LoadAllFromString(output, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>().ToList();
        Assert.All(objects, made => Assert.Equal("ardorqr", made.Metadata.NamespaceProperty));
        Assert.Equal(images, output.Split('\n').Count(line => line.Trim(' ', '-').StartsWith("image: ardorqr/", StringComparison.Ordinal)
            && line.EndsWith(":1.0.0", StringComparison.Ordinal)));
    }

    private static T Named<T>(string name)
        where T : IKubernetesObject<V1ObjectMeta> =>
        All.OfType<T>().Single(found => found.Metadata.Name == name);

    private static string FolderOf(string service) =>
        service == "gateway" ? "Gateway" : $"Services/{char.ToUpperInvariant(service[0])}{service[1..]}";

    private static IEnumerable<string> Files() =>
        Directory.GetFiles(Path.Combine(Repository.Root, Folder), "*.yaml", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "kustomization.yaml");
}
