using System.Text.Json;
using CsCheck;

namespace ArdorQr.Contracts.Tests;

public sealed class MoneyTests
{
    private static readonly Gen<Kopecks> Amount = Gen.Long[0, long.MaxValue].Select(value => new Kopecks(value));

    [Fact]
    public void A_fee_is_rounded_up_and_never_more_than_the_amount() =>
        Gen.Select(Amount, Gen.Int[0, 10_000]).Sample((amount, bps) =>
        {
            var fee = (Int128)amount.FeeOf(bps).Value * 10_000;
            var exact = (Int128)amount.Value * bps;
            Assert.True(fee >= exact && fee - exact < 10_000);
            Assert.True(amount.FeeOf(bps) <= amount);
        });

    [Fact]
    public void A_sum_beyond_the_limits_throws_and_never_wraps()
    {
        Assert.Throws<OverflowException>(() => new Kopecks(long.MaxValue) + new Kopecks(1));
        Assert.Throws<OverflowException>(() => new Kopecks(long.MinValue) - new Kopecks(1));
        Assert.Throws<OverflowException>(() => -new Kopecks(long.MinValue));
        Assert.Throws<OverflowException>(() => Usdt.FromMicros(long.MaxValue) + Usdt.FromMicros(1));
    }

    [Fact]
    public void Usdt_is_exact_through_json() =>
        Gen.Long[0, long.MaxValue].Sample(micros =>
        {
            var usdt = Usdt.FromMicros(micros);
            Assert.Equal(usdt, JsonSerializer.Deserialize<Usdt>(JsonSerializer.Serialize(usdt)));
        });

    [Theory]
    [InlineData("0.0000001")]
    [InlineData("-1")]
    [InlineData("\"1\"")]
    [InlineData("9223372036854775807")]
    public void Usdt_refuses_what_it_cannot_hold_exactly(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Usdt>(json));

    [Theory]
    [InlineData("1.5")]
    [InlineData("\"1\"")]
    [InlineData("9223372036854775808")]
    public void Kopecks_refuse_what_is_no_whole_number_of_them(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Kopecks>(json));

    [Theory]
    [InlineData("\"Live\"")]
    [InlineData("\"\"")]
    [InlineData("1")]
    public void A_mode_is_spelled_exactly(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Mode>(json));
}
