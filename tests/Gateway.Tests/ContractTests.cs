using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Gateway.Tests;

public sealed partial class ContractTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/openapi.yaml", "application/yaml")]
    [InlineData("/openapi.json", "application/json")]
    [InlineData("/docs/", "text/html")]
    public async Task The_contract_needs_no_key(string path, string type)
    {
        using var response = await fixture.Gateway.Anonymous.GetAsync(path, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
        Assert.True(response.Headers.Contains("X-Request-Id"));
    }

    [Fact]
    public async Task The_page_loads_nothing_from_another_host_and_its_own_script_is_there()
    {
        using var response = await fixture.Gateway.Anonymous.GetAsync("/docs/", Cancellation);
        var page = await response.Content.ReadAsStringAsync(Cancellation);

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("connect-src 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch("""(src|href)\s*=\s*["']?(https?:)?//""", page);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        var sources = Source().Matches(page).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(sources);
        foreach (var source in sources)
        {
            var address = new Uri(new Uri(fixture.Gateway.Anonymous.BaseAddress!, "/docs/"), source);
            using var script = await fixture.Gateway.Anonymous.GetAsync(address, Cancellation);
            Assert.Equal(HttpStatusCode.OK, script.StatusCode);
        }
    }

    [Fact]
    public async Task The_document_is_OpenAPI_3_1_with_five_webhooks_and_no_dangling_reference()
    {
        var document = await DocumentAsync();

        Assert.Equal("3.1.0", document.GetProperty("openapi").GetString());
        Assert.Equal(
            ["deposit.pending", "deposit.credited", "payment.processing", "payment.completed", "payment.failed"],
            document.GetProperty("webhooks").EnumerateObject().Select(webhook => webhook.Name));
        var references = References(document).ToList();
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.NotEqual(
            JsonValueKind.Undefined,
            reference.Split('/').Skip(1).Aggregate(document, (node, name) => node.GetProperty(name)).ValueKind));
        var operations = Operations(document).Select(operation => operation.GetProperty("operationId").GetString()).ToList();
        Assert.Equal(operations.Count, operations.Distinct().Count());
    }

    [Fact]
    public async Task Numbers_words_and_texts_keep_their_kinds_in_JSON()
    {
        var document = await DocumentAsync();
        JsonElement Of(string schema, string property) => document.GetProperty("components").GetProperty("schemas")
            .GetProperty(schema).GetProperty("properties").GetProperty(property);

        Assert.Equal(64, Of("NewApiKey", "label").GetProperty("maxLength").GetInt32());
        Assert.True(Of("WebhookSettings", "enabled").GetProperty("default").GetBoolean());
        Assert.Equal("null", Of("Account", "webhookUrl").GetProperty("type")[1].GetString());
        Assert.Equal(JsonValueKind.Null, Of("Payment", "failureReason").GetProperty("enum")[9].ValueKind);
    }

    [Fact]
    public async Task No_text_was_cut_at_a_comma_into_a_member_of_its_own()
    {
        var document = await DocumentAsync();

        Assert.DoesNotContain(
            Members(document),
            member => member.Value.ValueKind == JsonValueKind.Null && member.Name.Contains(' ', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_path_that_the_gateway_serves_is_in_the_document_and_none_besides()
    {
        var documented = (await DocumentAsync()).GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        var routes = fixture.Gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => $"/{endpoint.RoutePattern.RawText!.TrimStart('/')}")
            .Where(path => path.StartsWith("/v1", StringComparison.Ordinal)).Distinct().ToList();

        Assert.All(routes, route => Assert.Contains(documented, path => IsServedBy(path, route)));
        Assert.All(documented, path => Assert.Contains(routes, route => IsServedBy(path, route)));
    }

    [Fact]
    public async Task The_operators_document_has_every_path_of_theirs_and_needs_a_token()
    {
        using var response = await fixture.Gateway.Operator.GetAsync("/operator/openapi.json", Cancellation);
        var document = await response.JsonAsync(Cancellation);
        var documented = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(IsMethod).Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"));
        var served = fixture.Gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/operator", StringComparison.Ordinal))
            .Select(endpoint => $"{endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0]} {endpoint.RoutePattern.RawText}")
            .Where(route => !route.EndsWith("openapi.json", StringComparison.Ordinal));

        Assert.Equal(served.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(
            Members(document),
            member => member.Value.ValueKind == JsonValueKind.Null && member.Name.Contains(' ', StringComparison.Ordinal));
        using var anonymous = new HttpClient { BaseAddress = fixture.Gateway.Operator.BaseAddress };
        using var refused = await anonymous.GetAsync("/operator/openapi.yaml", Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private static bool IsMethod(JsonProperty member) => member.Name is "get" or "post" or "put" or "delete";

    private static bool IsServedBy(string path, string route) => route.EndsWith("/{**rest}", StringComparison.Ordinal)
        ? path == route[..^9] || path.StartsWith(route[..^8], StringComparison.Ordinal)
        : path == route;

    private static IEnumerable<JsonElement> Operations(JsonElement document) =>
        new[] { "paths", "webhooks" }.SelectMany(part => document.GetProperty(part).EnumerateObject())
            .SelectMany(path => path.Value.EnumerateObject())
            .Where(IsMethod).Select(member => member.Value);

    private static IEnumerable<JsonProperty> Members(JsonElement node) => node.ValueKind switch
    {
        JsonValueKind.Object => node.EnumerateObject().SelectMany(member => Members(member.Value).Prepend(member)),
        JsonValueKind.Array => node.EnumerateArray().SelectMany(Members),
        _ => [],
    };

    private static IEnumerable<string> References(JsonElement node) => node.ValueKind switch
    {
        JsonValueKind.Object => node.EnumerateObject().SelectMany(member =>
            member.NameEquals("$ref") ? [member.Value.GetString()!] : References(member.Value)),
        JsonValueKind.Array => node.EnumerateArray().SelectMany(References),
        _ => [],
    };

    private async Task<JsonElement> DocumentAsync()
    {
        using var response = await fixture.Gateway.Anonymous.GetAsync("/openapi.json", Cancellation);
        return await response.JsonAsync(Cancellation);
    }

    [GeneratedRegex("""<script[^>]*\ssrc="([^"]+)""")]
    private static partial Regex Source();
}
