using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using ArdorQr.Ton;
using static ArdorQr.Deposits.Clients.ToncenterBodies;

namespace ArdorQr.Deposits.Clients;

/// <summary>A TON chain through toncenter's HTTP API v3. Every answer is read as foreign data.</summary>
internal sealed class ToncenterChain(IHttpClientFactory clients, string clientName) : ITonChain
{
    /// <summary>The name of the HTTP client that is set up for a mode's chain and a use of it.</summary>
    public static string ClientName(Mode mode, ChainUse use = ChainUse.Watch) =>
        use == ChainUse.Watch ? $"chain-{mode.Code}" : $"chain-{mode.Code}-reconciliation";

    /// <summary>The name of the client of a mode's second source.</summary>
    public static string SecondClientName(Mode mode) => $"chain-{mode.Code}-second";

    public async Task<ChainHead> HeadAsync(CancellationToken cancellationToken)
    {
        var info = await GetAsync<MasterchainInfo>("masterchainInfo", cancellationToken);
        return info.Last is { Seqno: > 0, EndLt: > 0 } last
            ? new ChainHead(last.GlobalId, last.Seqno, last.EndLt, DateTimeOffset.FromUnixTimeSeconds(last.GenUtime))
            : throw new ChainUnavailableException("masterchainInfo names no block.");
    }

    public async Task<ChainPage<TransferHint>> IncomingTransfersAsync(
        IReadOnlyList<TonAddress> owners, TonAddress master, long startLt, long endLt, int offset,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(owners.Count, ITonChain.MaxOwners);
        var query = new StringBuilder("jetton/transfers?sort=asc");
        query.Append(owners.Count > 0 ? "&direction=in" : ""); // A direction is one of an owner.
        query.Append(CultureInfo.InvariantCulture, $"&jetton_master={Escape(master)}&start_lt={startLt}&end_lt={endLt}");
        query.Append(CultureInfo.InvariantCulture, $"&limit={ITonChain.PageSize}&offset={offset}");
        AppendOwners(query, owners);
        var rows = (await GetAsync<JettonTransfers>(query.ToString(), cancellationToken)).Rows ?? [];
        return new([.. rows.Select(ToncenterReader.HintOf).OfType<TransferHint>()], rows.Count);
    }

    public async Task<ChainTransaction?> TransactionAsync(ChainHash hash, CancellationToken cancellationToken)
    {
        var found = await TransactionsAsync($"transactions?hash={Uri.EscapeDataString(hash.Base64)}&limit=1", cancellationToken);
        return found.Rows.FirstOrDefault(transaction => transaction.Hash == hash);
    }

    public Task<ChainPage<ChainTransaction>> TransactionsOfAsync(
        TonAddress account, long startLt, int offset, CancellationToken cancellationToken) =>
        TransactionsAsync(
            string.Create(CultureInfo.InvariantCulture,
                $"transactions?account={Escape(account)}&start_lt={startLt}&sort=asc&limit={ITonChain.PageSize}&offset={offset}"),
            cancellationToken);

    public async Task<IReadOnlyList<WalletBalance>> BalancesAsync(
        IReadOnlyList<TonAddress> owners, TonAddress master, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(owners.Count, ITonChain.MaxOwners);
        var query = new StringBuilder("jetton/wallets");
        query.Append(CultureInfo.InvariantCulture, $"?jetton_address={Escape(master)}&limit={ITonChain.PageSize}");
        AppendOwners(query, owners);
        var rows = (await GetAsync<JettonWallets>(query.ToString(), cancellationToken)).Rows ?? [];
        return [.. rows.Select(row => ToncenterReader.BalanceOf(row, master)).OfType<WalletBalance>()];
    }

    public async Task<ChainTransaction?> SenderOfAsync(ChainHash messageHash, CancellationToken cancellationToken)
    {
        var found = await TransactionsAsync(
            $"transactionsByMessage?direction=out&msg_hash={Uri.EscapeDataString(messageHash.Base64)}&limit=1",
            cancellationToken);
        return found.Rows.FirstOrDefault(
            transaction => transaction.OutMessages.Any(message => message.Hash == messageHash));
    }

    public async Task<TonAddress> JettonWalletOfAsync(
        TonAddress owner, TonAddress master, CancellationToken cancellationToken)
    {
        const string method = "get_wallet_address";
        var argument = BagOfCells.ToBase64(new CellBuilder().StoreAddress(owner).Build());
        var request = new RunGetMethod(
            master.ToRawUpper(), method, [new StackItem("slice", JsonSerializer.SerializeToElement(argument))]);
        var result = await SendAsync<RunGetMethodResult>(
            () => new(HttpMethod.Post, "runGetMethod") { Content = JsonContent.Create(request, options: Json) },
            cancellationToken);
        return result is { ExitCode: 0, Stack: [{ Value.ValueKind: JsonValueKind.String } item, ..] }
            && BagOfCells.TryParseBase64(item.Value.GetString(), out var cell)
            && ToncenterReader.AddressIn(cell) is { } wallet
                ? wallet
                : throw new ChainUnavailableException($"{method} gave no address.");
    }

    private async Task<ChainPage<ChainTransaction>> TransactionsAsync(
        string pathAndQuery, CancellationToken cancellationToken)
    {
        var rows = (await GetAsync<Transactions>(pathAndQuery, cancellationToken)).Rows ?? [];
        return new([.. rows.Select(ToncenterReader.TransactionOf).OfType<ChainTransaction>()], rows.Count);
    }

    private Task<T> GetAsync<T>(string pathAndQuery, CancellationToken cancellationToken)
        where T : class =>
        SendAsync<T>(() => new HttpRequestMessage(HttpMethod.Get, pathAndQuery), cancellationToken);

    private async Task<T> SendAsync<T>(Func<HttpRequestMessage> request, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            var client = clients.CreateClient(clientName);
            using var message = request();
            using var response = await client.SendAsync(message, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new ChainUnavailableException($"{PathOf(message)} answered {(int)response.StatusCode}.")
                {
                    RetryAfter = response.Headers.RetryAfter?.Delta,
                };
            }

            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken)
                ?? throw new ChainUnavailableException($"{PathOf(message)} answered null.");
        }
        catch (Exception exception) when (IsOutage(exception, cancellationToken))
        {
            throw new ChainUnavailableException($"The chain's API failed: {exception.Message}", exception);
        }
    }

    /// <summary>Away, cut off, too slow, or answering something else than JSON of the known shape.</summary>
    private static bool IsOutage(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        HttpRequestException or IOException or JsonException or NotSupportedException => true,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => false,
    };

    private static void AppendOwners(StringBuilder query, IEnumerable<TonAddress> owners)
    {
        foreach (var owner in owners)
        {
            query.Append("&owner_address=").Append(Escape(owner));
        }
    }

    private static string PathOf(HttpRequestMessage message) => message.RequestUri!.OriginalString.Split('?')[0];

    private static string Escape(TonAddress address) => Uri.EscapeDataString(address.ToRawUpper());
}
