using System.Numerics;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using CsCheck;

namespace ArdorQr.Deposits.Tests;

public sealed class ConversionTests
{
    private static readonly Gen<long> Micros = Gen.Frequency((1, Gen.Long[1, 1_000_000]), (2, Gen.Long[1, 1_000_000_000_000]));
    private static readonly Gen<long> RateMicros = Gen.Frequency((1, Gen.Long[1, 1_000]), (3, Gen.Long[40_000_000, 250_000_000]));

    [Fact]
    public void The_contracts_example_holds()
    {
        Assert.True(UsdtRate.TryFromDecimal(92.34m, out var rate));

        var credit = Credit.Of(Usdt.FromMicros(125_500_000), rate, 150);

        Assert.Equal((1_158_867L, 17_384L, 1_141_483L), (credit.Gross.Value, credit.Fee.Value, credit.Credited.Value));
    }

    [Fact]
    public void Gross_is_rounded_down_fee_up_and_the_rest_is_credited() =>
        Gen.Select(Micros, RateMicros, Gen.Int[0, 10_000]).Sample((micros, rateMicros, feeBps) =>
        {
            var credit = Credit.Of(Usdt.FromMicros(micros), UsdtRate.FromMicros(rateMicros), feeBps);

            // In kopecks × 10¹⁰ and kopecks × 10⁴, without any rounding.
            var (exactGross, gross) = ((BigInteger)micros * rateMicros, (BigInteger)credit.Gross.Value);
            var (exactFee, fee) = (gross * feeBps, (BigInteger)credit.Fee.Value);
            var (grossUnit, feeUnit) = (BigInteger.Pow(10, 10), BigInteger.Pow(10, 4));
            Assert.True(gross * grossUnit <= exactGross && exactGross < (gross + 1) * grossUnit);
            Assert.True(fee * feeUnit >= exactFee && exactFee > (fee - 1) * feeUnit);
            Assert.Equal(gross - fee, credit.Credited.Value);
        });

    [Fact]
    public void A_worth_beyond_all_kopecks_is_an_error_not_a_small_number() =>
        Assert.Throws<OverflowException>(() => Credit.Of(Usdt.FromMicros(long.MaxValue), UsdtRate.FromMicros(long.MaxValue), 0));

    [Theory]
    [InlineData("92.34", 92_340_000, "92.34")]
    [InlineData("92.3456789", 92_345_678, "92.345678")]
    [InlineData("100", 100_000_000, "100")]
    public void A_rate_is_cut_to_millionths_and_shown_exactly(string roubles, long micros, string shown)
    {
        Assert.True(UsdtRate.TryFromDecimal(decimal.Parse(roubles, System.Globalization.CultureInfo.InvariantCulture), out var rate));

        Assert.Equal((micros, shown), (rate.Micros, rate.ToDecimal().ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("0.0000001")]
    [InlineData("79228162514264337593543950335")]
    public void No_rate_is_nothing_below_nothing_or_beyond_all_bounds(string roubles) =>
        Assert.False(UsdtRate.TryFromDecimal(decimal.Parse(roubles, System.Globalization.CultureInfo.InvariantCulture), out _));
}
