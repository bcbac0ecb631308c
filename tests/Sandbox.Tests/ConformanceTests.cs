using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using ArdorQr.RailConformance;
using Microsoft.AspNetCore.Routing;
using YamlDotNet.RepresentationModel;

namespace ArdorQr.Sandbox.Tests;

/// <summary>The Sandbox's rail conforms to the contract that it serves, and the command finds what doesn't.</summary>
public sealed partial class ConformanceTests : RailHost
{
    private const long Amount = 12_500;
    private const long FailingAmount = 12_501;
    private const string CallbackCheck = "a transfer's end is called back, signed, and again when it isn't taken";

    [Fact]
    public async Task The_sandbox_conforms()
    {
        var (code, output) = await RunWithCallbacksAsync(SandboxSettings.CallbackSecret);

        Assert.True(code == Command.Conforms, output);
        Assert.EndsWith("16 passed, 0 failed\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callbacks_with_another_signature_are_found_out()
    {
        var (code, output) = await RunWithCallbacksAsync("another-secret");

        Assert.Equal(Command.Fails, code);
        Assert.Contains($"FAIL  {CallbackCheck}: a callback's signature is wrong", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callbacks_that_go_elsewhere_are_missed()
    {
        var (code, output) = await RunAsync(
            null, "--callback-listen", FreeUrl().AbsoluteUri, "--callback-secret", "any", "--patience", "2");

        Assert.Equal(Command.Fails, code);
        Assert.Contains($"FAIL  {CallbackCheck}: no callback came", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_given_is_said_to_be_unchecked()
    {
        var (code, output) = await RunAsync(null);

        Assert.Equal(Command.Conforms, code);
        Assert.Contains($"skip  {CallbackCheck}:", output, StringComparison.Ordinal);
        Assert.EndsWith("15 passed, 0 failed, 1 not checked\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET .*/transfers/[^/]+$", 404, 200, "an id that was never seen is 404")]
    [InlineData("PUT .*", 409, 200, "the same id with another body is 409 and changes nothing")]
    [InlineData("PUT .*", 422, 200, "a wrong sum or currency is refused and not executed")]
    [InlineData("PUT .*", 422, 200, "an id first seen after notAfter is refused and not executed")]
    [InlineData(".*", 401, 200, "a wrong token gets nothing")]
    [InlineData("GET .*/transfers\\?.*", 400, 200, "a statement without times is refused")]
    public async Task An_adapter_that_answers_otherwise_is_found_out(string calls, int status, int other, string check)
    {
        var (code, output) = await RunAsync(new Way(calls, (HttpStatusCode)status, (HttpStatusCode)other, null));

        Assert.Equal(Command.Fails, code);
        Assert.Contains($"FAIL  {check}:", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST .*/cancel", "cancelled", "accepted", "a cancelled id is dead for ever")]
    [InlineData("GET .*/transfers\\?.*", "amountMinor", "amount", "the statement lists each transfer once, with its status and sum")]
    [InlineData("GET .*/transfers/.*", "payee_rejected", "no_reason", "a failure names a known reason")]
    [InlineData("GET .*/info", "environment", "world", "info names the environment")]
    [InlineData("POST .*/resolve", "payable", "perhaps", "a payable code is resolved")]
    public async Task An_adapter_that_says_otherwise_is_found_out(string calls, string word, string other, string check)
    {
        var (code, output) = await RunAsync(new Way(calls, HttpStatusCode.OK, HttpStatusCode.OK, (word, other)));

        Assert.Equal(Command.Fails, code);
        Assert.Contains($"FAIL  {check}:", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_contract_that_is_served_names_every_call_of_the_rail_and_no_other()
    {
        using var client = ClientThrough();
        var yaml = new YamlStream();
        yaml.Load(new StringReader(await client.GetStringAsync(new Uri("rail/openapi.yaml", UriKind.Relative), Token)));
        var root = (YamlMappingNode)yaml.Documents.Single().RootNode;
        var named = ((YamlMappingNode)root["paths"]).Children.SelectMany(path => ((YamlMappingNode)path.Value).Children.Keys
            .Select(method => method.ToString())
            .Where(method => method is "get" or "put" or "post")
            .Select(method => $"{method.ToUpperInvariant()} {path.Key}"));
        var served = Routes.Where(route => route.RoutePattern.RawText!.StartsWith("/rail/v1/", StringComparison.Ordinal))
            .Select(route => $"{route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single()} "
                + Constraint().Replace(route.RoutePattern.RawText!["/rail/v1".Length..], "}"))
            .Where(route => !route.EndsWith("/settle", StringComparison.Ordinal)); // The sandbox's own, for testers.

        Assert.Equal("3.1.0", root["openapi"].ToString());
        Assert.Equal(served.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--url http://127.0.0.1:1 --token t --qr q")]
    [InlineData("--url http://127.0.0.1:1 --token t --qr q --amount 0")]
    [InlineData("--url http://127.0.0.1:1 --token t --qr q --amount 1 --failing-qr q")]
    [InlineData("--url http://127.0.0.1:1 --token t --qr q --amount 1 --speed 9")]
    [InlineData("--url http://127.0.0.1:1 --token t --qr q --amount 1 --callback-secret s")]
    [InlineData("--url http://127.0.0.1:1 --token t --qr q --amount 1 --callback-secret s --callback-listen http://192.0.2.1/")]
    [InlineData("--url")]
    public void Arguments_that_say_too_little_are_not_understood(string line) =>
        Assert.Null(Options.TryParse(line.Split(' ')));

    private async Task<(int Code, string Output)> RunWithCallbacksAsync(string secret)
    {
        CallbackUrl = FreeUrl();
        await RestartAsync();
        return await RunAsync(null, "--callback-listen", CallbackUrl.AbsoluteUri, "--callback-secret", secret);
    }

    private static Uri FreeUrl()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndpoint).Port}/callbacks/");
    }

    private async Task<(int Code, string Output)> RunAsync(DelegatingHandler? way, params string[] more)
    {
        var qr = await FreshQrAsync("static", Amount); // Payable many times.
        var failing = await FreshQrAsync("static", FailingAmount);
        var options = Options.TryParse(
        [
            "--url", "http://rail.test", "--token", SandboxSettings.RailToken, "--qr", qr, "--amount", $"{Amount}",
            "--failing-qr", failing, "--failing-amount", $"{FailingAmount}", "--patience", "20", .. more,
        ]);
        using var client = ClientThrough(way);
        await using var output = new StringWriter { NewLine = "\n" };
        return (await Command.RunAsync(client, options!, output, Token), output.ToString());
    }

    [GeneratedRegex(":guid}")]
    private static partial Regex Constraint();

    /// <summary>Changes a status or a word of the answers to some calls.</summary>
    private sealed class Way(string calls, HttpStatusCode status, HttpStatusCode other, (string Word, string Other)? text)
        : DelegatingHandler
    {
        private readonly Regex _calls = new($"^{calls}");

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var call = $"{request.Method} {request.RequestUri!.PathAndQuery}";
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode != status || !_calls.IsMatch(call))
            {
                return response;
            }

            response.StatusCode = other;
            if (text is var (word, instead))
            {
                var body = await response.Content.ReadAsStringAsync(cancellationToken);
                response.Content = new StringContent(
                    body.Replace(word, instead, StringComparison.Ordinal), Encoding.UTF8, "application/json");
            }

            return response;
        }
    }
}
