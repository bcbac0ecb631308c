using System.Text.Json;
using System.Text.RegularExpressions;
using ArdorQr.Operate;

namespace ArdorQr.Gateway.Tests;

/// <summary>The operator's command line against a gateway.</summary>
public sealed class CommandLineTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_merchant_is_registered_suspended_given_a_key_and_found_in_the_audit_log()
    {
        var merchant = await RunAsync("merchants", "register", "--name", "ООО «Строка»");
        var id = merchant.GetProperty("id").GetString()!;
        var key = await RunAsync("keys", "issue", id, "--mode", "test", "--permissions", "read", "pay", "--max-payment-minor", "500");
        var suspended = await RunAsync("merchants", "suspend", id, "--reason", "Проверка");
        var audit = await RunAsync("books", "audit", "--merchant-id", id, "--limit", "2");

        Assert.Equal("""["read","pay"]""", Regex.Replace(key.GetProperty("permissions").GetRawText(), @"\s", ""));
        Assert.Equal(500, key.GetProperty("maxPaymentMinor").GetInt64());
        Assert.Equal("suspended", suspended.GetProperty("status").GetString());
        Assert.Equal(
            ["merchant.suspend", "key.issue"],
            audit.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task A_refusal_is_1_and_a_missing_setting_or_argument_is_not_0()
    {
        Assert.Equal(1, await CodeOfAsync(Environment, "merchants", "show", $"{Guid.Empty}"));
        Assert.Equal(2, await CodeOfAsync(_ => null, "merchants", "list"));
        Assert.Equal(2, await CodeOfAsync(name => name == "OPERATOR_URL" ? StubService.DeadAddress() : "token", "merchants", "list"));
        Assert.NotEqual(0, await CodeOfAsync(Environment, "merchants", "register"));
        Assert.NotEqual(0, await CodeOfAsync(Environment, "merchants", "destroy"));
    }

    [Fact]
    public void Every_call_of_the_operators_contract_is_a_command()
    {
        using var document = JsonDocument.Parse(Contract.ContractDocument.Operators.Json);
        var documented = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(member => member.Name is "get" or "post" or "put" or "delete")
                .Select(method => $"{method.Name.ToUpperInvariant()} {Shape(path.Name)}"))
            .Where(call => !call.EndsWith("openapi.yaml", StringComparison.Ordinal));

        Assert.Equal(
            documented.Order(StringComparer.Ordinal),
            Calls.All.Select(call => $"{call.Method} {Shape(call.Path)}").Order(StringComparer.Ordinal));
    }

    private static string Shape(string path) => Regex.Replace(path, @"\{\w+\}", "{}");

    private string? Environment(string name) => name switch
    {
        "OPERATOR_URL" => fixture.Gateway.Operator.BaseAddress!.ToString(),
        "OPERATOR_TOKEN" => TestGateway.OperatorToken,
        _ => null,
    };

    private static async Task<int> CodeOfAsync(Func<string, string?> environment, params string[] args)
    {
        await using var output = new StringWriter();
        return await OperateProgram.RunAsync(args, environment, output, output);
    }

    private async Task<JsonElement> RunAsync(params string[] args)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        Assert.True(await OperateProgram.RunAsync(args, Environment, output, errors) == 0, $"{string.Join(' ', args)}: {errors}");
        Cancellation.ThrowIfCancellationRequested();
        return JsonSerializer.Deserialize<JsonElement>(output.ToString());
    }
}
