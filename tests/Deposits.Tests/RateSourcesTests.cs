using System.Net;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Domain;
using ArdorQr.Deposits.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Deposits.Tests;

/// <summary>The live rate from bodies of the real sources' shapes, asked as the sources want it.</summary>
public sealed class RateSourcesTests
{
    [Fact]
    public async Task Live_takes_the_median_of_three_sources_near_the_central_banks_dollar()
    {
        using var sources = new Sources();
        await using var deposits = await StartAsync(sources);

        var rate = await RateAsync(deposits);

        Assert.Equal(("92.34", 3), (rate!.Rate.ToString(), rate.Quotes.Count));
        Assert.Contains("\"side\":\"0\"", sources.Posted, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rapira.example")]
    [InlineData("bybit.example")]
    public async Task One_source_may_be_away(string host)
    {
        using var sources = new Sources { Away = [host] };
        await using var deposits = await StartAsync(sources);

        Assert.Equal(2, (await RateAsync(deposits))!.Quotes.Count);
    }

    [Theory]
    [InlineData("rapira.example,bybit.example")]
    [InlineData("reference.example")]
    public async Task With_one_source_or_no_reference_there_is_no_rate(string hosts)
    {
        using var sources = new Sources { Away = [.. hosts.Split(',')] };
        await using var deposits = await StartAsync(sources);

        Assert.Null(await RateAsync(deposits));
    }

    [Fact]
    public void The_central_banks_dollar_is_read_exactly() =>
        Assert.Equal(
            ("88.5067", new DateOnly(2026, 6, 19)),
            (ReferenceRates.Read(Body("cbr-daily.xml")).Rate.ToString(), ReferenceRates.Read(Body("cbr-daily.xml")).On));

    [Theory]
    [InlineData("")]
    [InlineData("<html/>")]
    [InlineData("""<!DOCTYPE x [<!ENTITY y "z">]><ValCurs Date="19.06.2026"/>""")]
    [InlineData("""<ValCurs Date="19.06.2026"><Valute><CharCode>USD</CharCode><Nominal>0</Nominal><Value>78</Value></Valute></ValCurs>""")]
    [InlineData("""<ValCurs Date="19.06.2026"><Valute><CharCode>USD</CharCode><Nominal>1</Nominal><Value>-78</Value></Valute></ValCurs>""")]
    [InlineData("""<ValCurs Date="19.06"><Valute><CharCode>USD</CharCode><Nominal>1</Nominal><Value>78</Value></Valute></ValCurs>""")]
    public void What_is_no_list_of_daily_rates_is_an_error(string xml) =>
        Assert.Throws<FormatException>(() => ReferenceRates.Read(xml));

    [Theory]
    [InlineData("""{"ret_code":10001,"result":null}""")]
    [InlineData("""{"ret_code":0,"result":{"items":[]}}""")]
    [InlineData("""{"ret_code":0,"result":{"items":[{"tokenId":"USDT","currencyId":"RUB","price":"92,3"}]}}""")]
    public void What_is_no_answer_of_bybit_is_an_error(string json)
    {
        using var answer = JsonDocument.Parse(json);

        Assert.ThrowsAny<Exception>(() => RateAnswers.Kinds[RateAnswers.BybitP2P](answer.RootElement, DateTimeOffset.UnixEpoch));
    }

    private static async Task<AcceptedRate?> RateAsync(DepositsHost deposits)
    {
        var worlds = deposits.Factory.Services.GetRequiredService<Worlds>();
        return await deposits.Factory.Services.GetRequiredService<TakeRate>().RunAsync(worlds.Find(Mode.Live)!, DepositsHost.Token);
    }

    private static Task<DepositsHost> StartAsync(HttpMessageHandler sources) => DepositsHost.StartAsync(
        settings =>
        {
            ApiTests.SetUpLive(settings);
            const string third = "Deposits:Worlds:Live:RateSources:2";
            settings[$"{third}:Name"] = "bybit";
            settings[$"{third}:Url"] = "http://bybit.example/fiat/otc/item/online";
            settings[$"{third}:Kind"] = "bybit-p2p";
        }, outside: sources);

    private static string Body(string name) =>
        Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "samples/rates", name)));

    private sealed class Sources : HttpMessageHandler
    {
        public IReadOnlyList<string> Away { get; init; } = [];

        public string Posted { get; private set; } = "";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Posted += request.Method == HttpMethod.Post ? await request.Content!.ReadAsStringAsync(cancellationToken) : "";
            var host = request.RequestUri!.Host;
            var now = TimeProvider.System.GetUtcNow();
            return Away.Contains(host) ? new(HttpStatusCode.BadGateway) : new(HttpStatusCode.OK)
            {
                Content = new ByteArrayContent(Encoding.Latin1.GetBytes(host switch
                {
                    "rapira.example" => Body("rapira.json"),
                    "coingecko.example" => Body("coingecko.json").Replace(
                        "1781870390", $"{now.ToUnixTimeSeconds()}", StringComparison.Ordinal),
                    "bybit.example" => Body("bybit-p2p.json"),
                    _ => Body("cbr-daily.xml").Replace("19.06.2026", $"{now:dd.MM.yyyy}", StringComparison.Ordinal),
                }))
                { Headers = { ContentType = new("application/json") } },
            };
        }
    }
}
