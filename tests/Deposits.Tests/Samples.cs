using System.Text.Json.Nodes;

namespace ArdorQr.Deposits.Tests;

/// <summary>Bodies that another implementation made: a transfer of 25 USDT to merchant number 1.</summary>
internal static class Samples
{
    public const string PublicKey = "19054db9d8bb9d0bfbf3d13f48fc6440070965639199ebbf2607c8c70ca4d003";
    public const string Master = "0:a149cbe6d9c26f4c39ad944cbe03c6b165358394f6e439708647fb043a6410df";
    public const string WalletCodeHash = "aa0bfea0c3973efa3d085b3517f158cee0bbae5a4b78d89576063dc94bd04ed7";

    public const string OwnerFriendly = "0QA9mcxBP9ZacpdN9q8H5Y_YOjmgPpHE96WFQzopudXm7X1g";
    public const string Owner = "0:3d99cc413fd65a72974df6af07e58fd83a39a03e91c4f7a585433a29b9d5e6ed";
    public const string JettonWallet = "0:0f09bf4a04ce9362adde9f76abcf36d772f01b909d19a55e525b5a9f0ccd3723";
    public const string Sender = "0:3f1a7304a5c0078dee8204af263d999ce645923344a1d16d424b8022284613e8";
    public const string SenderFriendly = "0QA_GnMEpcAHje6CBK8mPZmc5kWSM0Sh0W1CS4AiKEYT6BZT";

    public const string SenderHash = "RO+wWrTKkVXMx1pLSuga/If5rnbMt2NuyHfR4xr153Q=";
    public const string SenderHashHex = "44efb05ab4ca9155ccc75a4b4ae81afc87f9ae76ccb7636ec877d1e31af5e774";
    public const long Seqno = 50_000_018;
    public const long EndLt = 61_664_152_000_004;

    public static JsonObject MasterchainInfo => Read("masterchainInfo");

    public static JsonObject TransferRow => (JsonObject)Read("jetton-transfers")["jetton_transfers"]![0]!.DeepClone();

    public static JsonObject SenderTransaction =>
        (JsonObject)Read("traces")["traces"]![0]!["transactions"]![SenderHash]!.DeepClone();

    public static JsonObject ReceiverTransaction =>
        (JsonObject)Read("transactions-of-receiving-jetton-wallet")["transactions"]![0]!.DeepClone();

    public static JsonObject Read(string name) =>
        (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "toncenter", name + ".json")))!;
}
