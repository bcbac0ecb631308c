using System.Text.Json;
using ArdorQr.Deposits.Clients;

namespace ArdorQr.Deposits.Tests;

public sealed class RateAnswersTests
{
    private static readonly DateTimeOffset Received = new(2026, 6, 19, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_kind_of_answer_is_read_exactly()
    {
        Assert.Equal(
            new RateAnswers.Answer(92.34m, Received.AddSeconds(-3), IsSandbox: true),
            Read(RateAnswers.Sandbox, """{"pair":"USDT/RUB","bid":92.34,"at":"2026-06-19T11:59:57Z","environment":"sandbox"}"""));
        Assert.Equal(
            new RateAnswers.Answer(78.51m, Received, IsSandbox: false),
            Read(RateAnswers.Rapira, """
                {"data":[{"symbol":"BTC/USDT","bidPrice":60000.1},{"symbol":"USDT/RUB","askPrice":78.7,"bidPrice":78.51,"close":78.6}],"code":0}
                """));
        Assert.Equal(
            new RateAnswers.Answer(78.49m, DateTimeOffset.FromUnixTimeSeconds(1_781_870_390), IsSandbox: false),
            Read(RateAnswers.CoinGecko, """{"tether":{"rub":78.49,"last_updated_at":1781870390}}"""));
    }

    [Theory]
    [InlineData(RateAnswers.Sandbox, """{"pair":"USDT/USD","bid":1,"at":"2026-06-19T11:59:57Z","environment":"sandbox"}""")]
    [InlineData(RateAnswers.Sandbox, """{"pair":"USDT/RUB"}""")]
    [InlineData(RateAnswers.Rapira, """{"data":[]}""")]
    [InlineData(RateAnswers.Rapira, """{"data":[{"symbol":"USDT/RUB","bidPrice":null}]}""")]
    [InlineData(RateAnswers.CoinGecko, """{"status":{"error_code":429}}""")]
    [InlineData(RateAnswers.CoinGecko, """[]""")]
    public void What_is_no_such_answer_is_an_error(string kind, string json) =>
        Assert.ThrowsAny<Exception>(() => Read(kind, json));

    private static RateAnswers.Answer Read(string kind, string json)
    {
        using var answer = JsonDocument.Parse(json);
        return RateAnswers.Kinds[kind](answer.RootElement, Received);
    }
}
