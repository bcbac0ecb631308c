using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArdorQr.Deposits.Clients;

/// <summary>
/// Bodies of toncenter's API v3 (toncenter.com/api/v3), only the members that are read. Large numbers come as strings
/// there, smaller ones as numbers; both are taken.
/// </summary>
internal static class ToncenterBodies
{
    private const int MaxDepth = 64;

    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
        MaxDepth = MaxDepth,
    };

    internal sealed record MasterchainInfo(Block? Last);

    internal sealed record Block(long Seqno, int GlobalId, long GenUtime, long EndLt);

    internal sealed record JettonTransfers(
        [property: JsonPropertyName("jetton_transfers")] IReadOnlyList<TransferRow>? Rows);

    internal sealed record TransferRow(
        string? Source, string? Destination, string? Amount, string? JettonMaster, string? TransactionHash,
        long TransactionLt, long TransactionNow, bool TransactionAborted);

    internal sealed record JettonWallets([property: JsonPropertyName("jetton_wallets")] IReadOnlyList<WalletRow>? Rows);

    internal sealed record WalletRow(string? Address, string? Balance, long LastTransactionLt, string? Jetton);

    internal sealed record Transactions([property: JsonPropertyName("transactions")] IReadOnlyList<Transaction>? Rows);

    internal sealed record Transaction(
        string? Account, string? Hash, long Lt, long Now, long? McBlockSeqno, bool? Emulated, string? Finality, Description? Description,
        Message? InMsg, IReadOnlyList<Message>? OutMsgs);

    internal sealed record Description(bool? Aborted, ComputePhase? ComputePh);

    internal sealed record ComputePhase(bool? Skipped, bool? Success);

    internal sealed record Message(
        string? Hash, string? Source, string? Destination, bool? Bounced, MessageContent? MessageContent);

    internal sealed record MessageContent(string? Hash, string? Body);

    internal sealed record RunGetMethod(string Address, string Method, IReadOnlyList<StackItem> Stack);

    internal sealed record RunGetMethodResult(int? ExitCode, IReadOnlyList<StackItem>? Stack);

    internal sealed record StackItem(string? Type, JsonElement Value);
}
