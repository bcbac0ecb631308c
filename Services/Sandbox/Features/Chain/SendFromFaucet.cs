using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Ton;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>
/// POST /faucet/v1/transfers: USDT out of nothing for an owner; on chain with the next block. A scenario makes it go
/// otherwise than well, as chains and their indexes do.
/// </summary>
internal static class SendFromFaucet
{
    private const int MaxCount = 1_000;
    private const int MaxLateBlocks = 100_000;

    internal sealed record Request
    {
        public required string ToAddress { get; init; }

        public required Usdt Amount { get; init; }

        /// <summary>One of <see cref="TransferScenario.All"/>.</summary>
        public string Scenario { get; init; } = TransferScenario.Transfer;

        /// <summary>A text for the receiver.</summary>
        public string? Comment { get; init; }

        /// <summary>Who sends; the faucet unless given.</summary>
        public string? FromAddress { get; init; }

        /// <summary>So many transfers in one trace.</summary>
        public int Count { get; init; } = 1;

        /// <summary>The index shows the row so many blocks later than its own.</summary>
        public int LateBlocks { get; init; }
    }

    /// <param name="TxHash">The transaction of the sender's jetton wallet, hex; of several, the first one's.</param>
    internal sealed record Response(string TxHash, Usdt Amount, string ToAddress);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapSendFromFaucet() => routes.MapPost("/faucet/v1/transfers", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        HttpContext context, ServiceDatabase database, IOptions<SandboxOptions> options, CancellationToken cancellationToken)
    {
        if (!Bearer.Is(context.Request, options.Value.FaucetToken!))
        {
            return TypedResults.Json<object>(new { error = "unauthorized" }, statusCode: StatusCodes.Status401Unauthorized);
        }

        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (FaultOf(request) is { } fault)
        {
            return ChainQuery.Error(fault);
        }

        var sender = request.FromAddress is { } from ? TonAddress.Parse(from) : ChainTransfer.Faucet;
        var terms = new TransferTerms(
            TonAddress.Parse(request.ToAddress), sender, options.Value.Master, request.Amount, request.Comment);
        var first = await ExecuteAsync(database, request, terms, cancellationToken);
        var hash = Convert.FromBase64String(first.TransactionHash(ChainTransfer.SenderWalletStep));
        return TypedResults.Json(
            new Response(Convert.ToHexStringLower(hash), request.Amount, request.ToAddress), ApiJson.Options,
            statusCode: StatusCodes.Status202Accepted);
    }

    private static string? FaultOf(Request request) => request switch
    {
        _ when !TonAddress.TryParse(request.ToAddress, out _) => "toAddress must be an address",
        { FromAddress: { } from } when !TonAddress.TryParse(from, out _) => "fromAddress must be an address",
        { Amount.Micros: 0 } => "amount must be more than zero",
        { Count: < 1 or > MaxCount } => $"count must be 1 to {MaxCount}",
        { LateBlocks: < 0 or > MaxLateBlocks } => $"lateBlocks must be 0 to {MaxLateBlocks}",
        { Comment.Length: > TextComment.MaxLengthBytes / 4 } => "comment is too long",
        _ when !TransferScenario.All.Contains(request.Scenario) =>
            $"scenario must be one of {string.Join(", ", TransferScenario.All)}",
        _ => null,
    };

    private static async Task<ChainTransfer> ExecuteAsync(
        ServiceDatabase database, Request request, TransferTerms terms, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        ChainTransfer? first = null;
        for (var index = 0; index < request.Count; index++)
        {
            var slot = await ChainWriter.TakeSlotAsync(transaction, cancellationToken);
            var record = ChainRecord.Of(
                request.Scenario, terms, slot, first?.TransactionHash(ChainTransfer.SenderStep));
            await ChainWriter.WriteAsync(transaction, record, request.LateBlocks, cancellationToken);
            first ??= record.Transfer;
        }

        await transaction.CommitAsync(cancellationToken);
        return first!;
    }
}
