using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Ton;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace ArdorQr.Deposits.Tests;

/// <summary>
/// The outside at the level of HTTP: a chain's index that answers with the samples' bodies and with ones built from
/// them, a rate source and a faucet.
/// </summary>
internal sealed class OutsideWorld : HttpMessageHandler
{
    public const string ChainUrl = "http://chain.example/chain";
    public const string RateUrl = "http://rates.example/rates/v1/usdt-rub";
    public const string FaucetUrl = "http://faucet.example/faucet/v1/transfers";

    private const long LtPerTransfer = 10_000_000;

    private readonly Lock _lock = new();
    private readonly List<JsonObject> _rows = [];
    private readonly List<JsonObject> _transactions = [];
    private readonly Queue<HttpResponseMessage> _failures = [];
    private readonly HashSet<string> _broken = [];
    private int _built;

    public long Seqno { get; set; } = Samples.Seqno;

    public long EndLt { get; set; } = Samples.EndLt;

    public int GlobalId { get; set; } = -3;

    public decimal Bid { get; set; } = 92.34m;

    public TimeSpan RateAge { get; set; }

    public string RateEnvironment { get; set; } = "sandbox";

    /// <summary>The answer of the master's get method; null for the sample's, which is right.</summary>
    public string? WalletAnswer { get; set; }

    public List<(string PathAndQuery, string? ApiKey, string? Body, string? Authorization)> Requests { get; } = [];

    public JettonKindOf Jetton { get; } = new(
        TonAddress.Parse(Samples.Master), JettonWallet.LibraryCode(Convert.FromHexString(Samples.WalletCodeHash)));

    /// <summary>The next request to the chain gets this status instead of an answer.</summary>
    public void FailOnce(HttpStatusCode status, int? retryAfterSeconds = null)
    {
        var response = new HttpResponseMessage(status) { Content = new StringContent("no") };
        if (retryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        }

        lock (_lock)
        {
            _failures.Enqueue(response);
        }
    }

    /// <summary>Each question after this transaction gets an error.</summary>
    public void FailAlways(string txHash)
    {
        lock (_lock)
        {
            _broken.Add(Convert.ToBase64String(Convert.FromHexString(txHash)));
        }
    }

    /// <summary>One masterchain block more.</summary>
    public void NextBlock()
    {
        Seqno++;
        EndLt += LtPerTransfer;
    }

    public void AddSampleRow() => AddRow(Samples.TransferRow);

    public void AddSampleTransactions() => Add(Samples.SenderTransaction, Samples.ReceiverTransaction);

    public void AddRow(JsonObject row)
    {
        lock (_lock)
        {
            _rows.Add(row);
        }
    }

    public void Add(params JsonObject[] transactions)
    {
        lock (_lock)
        {
            _transactions.AddRange(transactions);
        }
    }

    /// <summary>A whole transfer in the newest block: row, sender's and receiver's transaction.</summary>
    public Built AddTransfer(long micros, string owner = Samples.Owner)
    {
        var built = Build(micros, owner);
        Show(built);
        return built;
    }

    /// <summary>Puts rows and transactions of transfers on the chain.</summary>
    public void Show(params Built[] transfers)
    {
        foreach (var transfer in transfers)
        {
            AddRow(transfer.Row);
            Add(transfer.SenderTransaction, transfer.ReceiverTransaction);
        }
    }

    /// <summary>Bodies of a transfer in the newest block, of the samples' form, with hashes that fit.</summary>
    public Built Build(long micros, string owner = Samples.Owner, string sender = Samples.Sender)
    {
        var number = Interlocked.Increment(ref _built);
        var lt = EndLt - LtPerTransfer + (number * 10);
        var (from, wallet) = (TonAddress.Parse(sender), Jetton.WalletOf(TonAddress.Parse(owner)));
        var message = new InternalMessage
        {
            Source = Jetton.WalletOf(from),
            Destination = wallet,
            ValueNanoTons = 96_262_000,
            CreatedLt = (ulong)lt + 1,
            CreatedAtUnixSeconds = 1_795_548_980,
            Bounce = true,
            Body = JettonMessages.Write(new InternalTransfer((ulong)number, (UInt128)micros, from, from, 1, ForwardPayload.OfComment($"order {number}"))),
        };
        var senderTransaction = TransactionOf(Samples.SenderTransaction, message.Source, $"sender {number}", lt);
        var receiverTransaction = TransactionOf(Samples.ReceiverTransaction, wallet, $"receiver {number}", lt + 5);
        var inMessage = MessageOf((JsonObject)receiverTransaction["in_msg"]!.DeepClone(), message);
        receiverTransaction["in_msg"] = inMessage;
        senderTransaction["out_msgs"] = new JsonArray(inMessage.DeepClone());

        var row = Samples.TransferRow;
        row["source"] = from.ToRawUpper();
        row["destination"] = TonAddress.Parse(owner).ToRawUpper();
        row["source_wallet"] = message.Source.ToRawUpper();
        row["amount"] = micros.ToString(CultureInfo.InvariantCulture);
        row["transaction_hash"] = (string)senderTransaction["hash"]!;
        row["transaction_lt"] = lt.ToString(CultureInfo.InvariantCulture);
        return new Built(row, senderTransaction, receiverTransaction);
    }

    internal sealed record Built(JsonObject Row, JsonObject SenderTransaction, JsonObject ReceiverTransaction)
    {
        public string TxHash => Convert.ToHexStringLower(Convert.FromBase64String((string)Row["transaction_hash"]!));
    }

    internal sealed record JettonKindOf(TonAddress Master, Cell WalletCode)
    {
        public TonAddress WalletOf(TonAddress owner) => JettonWallet.AddressOf(owner, Master, WalletCode);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var uri = request.RequestUri!;
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        var key = request.Headers.TryGetValues("X-API-Key", out var keys) ? keys.Single() : null;
        lock (_lock)
        {
            Requests.Add((uri.PathAndQuery, key, body, request.Headers.Authorization?.ToString()));
            if (uri.Host == "chain.example" && _failures.TryDequeue(out var failure))
            {
                return failure;
            }

            var query = QueryHelpers.ParseQuery(uri.Query);
            if (query.TryGetValue("hash", out var hash) && _broken.Contains(hash!))
            {
                return new HttpResponseMessage(HttpStatusCode.InternalServerError);
            }

            return uri.AbsolutePath switch
            {
                "/chain/api/v3/masterchainInfo" => Json(Head()),
                "/chain/api/v3/jetton/transfers" => Json(new JsonObject { ["jetton_transfers"] = Rows(query), ["address_book"] = new JsonObject() }),
                "/chain/api/v3/transactions" => Json(new JsonObject { ["transactions"] = Transactions(query), ["address_book"] = new JsonObject() }),
                "/chain/api/v3/jetton/wallets" => Json(new JsonObject { ["jetton_wallets"] = new JsonArray(), ["address_book"] = new JsonObject() }),
                "/chain/api/v3/runGetMethod" => Json(Wallet()),
                "/rates/v1/usdt-rub" => Json(Rate()),
                "/faucet/v1/transfers" => Json(Faucet(body!), HttpStatusCode.Accepted),
                _ => new HttpResponseMessage(HttpStatusCode.NotFound),
            };
        }
    }

    private JsonObject Head()
    {
        var info = Samples.MasterchainInfo;
        info["last"]!["seqno"] = Seqno;
        info["last"]!["end_lt"] = EndLt.ToString(CultureInfo.InvariantCulture);
        info["last"]!["global_id"] = GlobalId;
        info["last"]!["gen_utime"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return info;
    }

    private JsonArray Rows(Dictionary<string, StringValues> query)
    {
        var owners = query.GetValueOrDefault("owner_address").Select(owner => TonAddress.Parse(owner!)).ToHashSet();
        var (start, end) = (long.Parse(query["start_lt"]!, CultureInfo.InvariantCulture), long.Parse(query["end_lt"]!, CultureInfo.InvariantCulture));
        return Page(query, _rows.Where(row => (owners.Count == 0 || owners.Contains(TonAddress.Parse((string)row["destination"]!)))
            && Lt(row, "transaction_lt") >= start && Lt(row, "transaction_lt") <= end).OrderBy(row => Lt(row, "transaction_lt")));
    }

    private JsonArray Transactions(Dictionary<string, StringValues> query) => query.TryGetValue("hash", out var hash)
        ? Page(query, _transactions.Where(transaction => (string)transaction["hash"]! == hash))
        : Page(query, _transactions.Where(transaction =>
                TonAddress.Parse((string)transaction["account"]!) == TonAddress.Parse(query["account"]!)
                && Lt(transaction, "lt") >= long.Parse(query["start_lt"]!, CultureInfo.InvariantCulture))
            .OrderBy(transaction => Lt(transaction, "lt")));

    private static JsonArray Page(Dictionary<string, StringValues> query, IEnumerable<JsonObject> rows) => new([.. rows
        .Skip(int.Parse(query.GetValueOrDefault("offset", "0")!, CultureInfo.InvariantCulture))
        .Take(int.Parse(query["limit"]!, CultureInfo.InvariantCulture))
        .Select(row => row.DeepClone())]);

    private JsonObject Wallet()
    {
        var answer = Samples.Read("runGetMethod.response");
        answer["stack"]![0]!["value"] = WalletAnswer ?? (string)answer["stack"]![0]!["value"]!;
        return answer;
    }

    private JsonObject Rate() => new()
    {
        ["pair"] = "USDT/RUB",
        ["bid"] = Bid,
        ["at"] = (TimeProvider.System.GetUtcNow() - RateAge).UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        ["environment"] = RateEnvironment,
    };

    private static JsonObject Faucet(string body)
    {
        var asked = JsonNode.Parse(body)!;
        return new() { ["txHash"] = Samples.SenderHash, ["amount"] = asked["amount"]!.DeepClone(), ["toAddress"] = asked["toAddress"]!.DeepClone() };
    }

    private JsonObject TransactionOf(JsonObject sample, TonAddress account, string name, long lt)
    {
        sample["account"] = account.ToRawUpper();
        sample["hash"] = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        sample["lt"] = lt.ToString(CultureInfo.InvariantCulture);
        sample["mc_block_seqno"] = Seqno;
        return sample;
    }

    private static JsonObject MessageOf(JsonObject sample, InternalMessage message)
    {
        sample["hash"] = message.ToCell().HashBase64;
        sample["source"] = message.Source.ToRawUpper();
        sample["destination"] = message.Destination.ToRawUpper();
        sample["message_content"] = new JsonObject
        {
            ["hash"] = message.Body.HashBase64,
            ["body"] = BagOfCells.ToBase64(message.Body),
            ["decoded"] = null,
        };
        return sample;
    }

    private static long Lt(JsonObject row, string name) => long.Parse((string)row[name]!, CultureInfo.InvariantCulture);

    private static HttpResponseMessage Json(JsonNode body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
}
