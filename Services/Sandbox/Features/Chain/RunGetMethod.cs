using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Ton;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>POST /chain/api/v3/runGetMethod: the master's get_wallet_address, the one method that this chain has.</summary>
internal static class RunGetMethod
{
    private const string Method = "get_wallet_address";
    private const int UnknownMethodExitCode = 11; // TVM: method not found.

    internal sealed record Request(string? Address, string? Method, IReadOnlyList<StackItem>? Stack);

    internal sealed record StackItem(string? Type, string? Value);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapRunGetMethod() => routes.MapPost("/runGetMethod", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(HttpContext context, IOptions<SandboxOptions> options, CancellationToken cancellationToken)
    {
        Request? request;
        try
        {
            request = await JsonSerializer.DeserializeAsync<Request>(context.Request.Body, JsonSerializerOptions.Web, cancellationToken);
        }
        catch (JsonException exception)
        {
            return ChainQuery.Error(exception.Message);
        }

        if (!TonAddress.TryParse(request?.Address, out var account))
        {
            return ChainQuery.Error($"schema: error converting value for address: {request?.Address}");
        }

        return account == options.Value.Master && request is { Method: Method, Stack: [{ Value: { } slice }] } && OwnerIn(slice) is { } owner
            ? Answer(0, WalletOf(owner, account))
            : Answer(UnknownMethodExitCode, null);
    }

    private static JsonObject WalletOf(TonAddress owner, TonAddress master) => new()
    {
        ["type"] = "cell",
        ["value"] = BagOfCells.ToBase64(
            new CellBuilder().StoreAddress(JettonWallet.AddressOf(owner, master, JettonWallet.UsdtMainnetCode)).Build()),
    };

    private static TonAddress? OwnerIn(string slice)
    {
        try
        {
            return BagOfCells.TryParseBase64(slice, out var cell) ? cell.BeginParse().LoadAddress() : null;
        }
        catch (TonFormatException)
        {
            return null;
        }
    }

    private static JsonHttpResult<JsonObject> Answer(int exitCode, JsonObject? item) => TypedResults.Json(new JsonObject
    {
        ["gas_used"] = 1689,
        ["exit_code"] = exitCode,
        ["stack"] = item is null ? new JsonArray() : new JsonArray(item),
    });
}
