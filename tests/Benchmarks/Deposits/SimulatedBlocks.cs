using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArdorQr.Ton;

namespace ArdorQr.Benchmarks.Deposits;

/// <summary>
/// A chain whose every block has transfers of many strangers and one to us, made when asked for: the same block always
/// has the same rows, with messages and hashes as the codec writes them.
/// </summary>
internal sealed class SimulatedBlocks(TonAddress owner, TonAddress master)
{
    public const int ForeignPerBlock = 50;
    public const long Micros = 25_000_000;
    public const long LtPerBlock = 1_000_000;

    private const long FirstLt = 1_000_000_000;

    private static readonly TonAddress Sender = new(0, SHA256.HashData("bench sender"u8));

    private readonly ConcurrentDictionary<long, OwnTransfer> _own = [];

    public TonAddress Wallet { get; } = WalletOf(owner, master);

    public TonAddress Owner => owner;

    public TonAddress Master => master;

    private TonAddress SenderWallet { get; } = WalletOf(Sender, master);

    /// <summary>The largest logical time of a block.</summary>
    public static long EndLt(long block) => FirstLt + ((block + 1) * LtPerBlock) - 1;

    public static long BlockOf(long lt) => Math.Max(0, (lt - FirstLt) / LtPerBlock);

    public static long LtOf(long block) => FirstLt + (block * LtPerBlock);

    public static TonAddress WalletOf(TonAddress owner, TonAddress master) =>
        JettonWallet.AddressOf(owner, master, JettonWallet.UsdtMainnetCode);

    /// <summary>The rows of /jetton/transfers of a block, in order.</summary>
    public IEnumerable<(long Lt, string Row)> Rows(long block, bool onlyOurs)
    {
        for (var number = 0; number < ForeignPerBlock && !onlyOurs; number++)
        {
            var name = $"{block}:{number}";
            var stranger = new TonAddress(0, SHA256.HashData(Encoding.UTF8.GetBytes(name)));
            var lt = LtOf(block) + number;
            yield return (lt, Row(stranger, Hash(name), lt));
        }

        var own = Own(block);
        yield return (own.SenderLt, Row(owner, own.SenderHash, own.SenderLt));
    }

    /// <summary>Our transfer of a block.</summary>
    public OwnTransfer Own(long block) => _own.GetOrAdd(block, Make);

    private OwnTransfer Make(long block)
    {
        var senderLt = LtOf(block) + ForeignPerBlock;
        var body = JettonMessages.Write(
            new InternalTransfer((ulong)block, (UInt128)Micros, Sender, Sender, 1, ForwardPayload.Empty));
        var message = new InternalMessage
        {
            Source = SenderWallet,
            Destination = Wallet,
            ValueNanoTons = 96_262_000,
            CreatedLt = (ulong)senderLt + 1,
            CreatedAtUnixSeconds = 1_795_548_980,
            Bounce = true,
            Body = body,
        };
        var json =
            $$"""
            {"hash":"{{message.ToCell().HashBase64}}","source":"{{SenderWallet.ToRawUpper()}}","destination":"{{Wallet.ToRawUpper()}}","bounced":false,
            "message_content":{"hash":"{{body.HashBase64}}","body":"{{BagOfCells.ToBase64(body)}}"} }
            """;
        var own = new OwnTransfer(block, senderLt, Hash($"sender:{block}"), senderLt + 5, "", "");
        return own with
        {
            Sender = Transaction(SenderWallet, own.SenderHash, senderLt, block, "null", json),
            Receiver = Transaction(Wallet, Hash($"receiver:{block}"), own.ReceiverLt, block, json, ""),
        };
    }

    private string Row(TonAddress destination, string hash, long lt) => string.Create(CultureInfo.InvariantCulture,
        $$"""
        {"query_id":"1","source":"{{Sender.ToRawUpper()}}","destination":"{{destination.ToRawUpper()}}","amount":"{{Micros}}",
        "source_wallet":"{{SenderWallet.ToRawUpper()}}","jetton_master":"{{master.ToRawUpper()}}","transaction_hash":"{{hash}}",
        "transaction_lt":"{{lt}}","transaction_now":1795548980,"transaction_aborted":false,"forward_ton_amount":"1"}
        """);

    private static string Transaction(TonAddress account, string hash, long lt, long block, string received, string sent) =>
        string.Create(CultureInfo.InvariantCulture,
            $$"""
            {"account":"{{account.ToRawUpper()}}","hash":"{{hash}}","lt":"{{lt}}","mc_block_seqno":{{SimulatedChain.SeqnoOf(block)}},
            "emulated":false,"finality":"finalized","description":{"aborted":false,"compute_ph":{"skipped":false,"success":true} },
            "in_msg":{{received}},"out_msgs":[{{sent}}]}
            """);

    private static string Hash(string name) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
}

/// <summary>Our transfer of one block, with the bodies of both its transactions.</summary>
internal sealed record OwnTransfer(
    long Block, long SenderLt, string SenderHash, long ReceiverLt, string Sender, string Receiver)
{
    public string SenderHashHex => Convert.ToHexStringLower(Convert.FromBase64String(SenderHash));
}
