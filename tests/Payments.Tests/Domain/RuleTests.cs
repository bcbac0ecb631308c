using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Payments.Domain;
using CsCheck;

namespace ArdorQr.Payments.Tests.Domain;

/// <summary>The pure rules of sums, fees, schedules and spellings.</summary>
public sealed class RuleTests
{
    private static readonly Gen<long> Sum = Gen.Long[1, 100_000_000];

    [Fact]
    public void A_fee_is_rounded_up_and_kept_within_its_bounds() =>
        Gen.Select(Sum, Gen.Int[0, 10_000], Gen.Long[0, 5_000], Gen.Long[0, 5_000]).Sample((amount, bps, low, more) =>
        {
            var fee = new FeeTariff(bps, new Kopecks(low), new Kopecks(low + more)).FeeOf(new Kopecks(amount)).Value;
            var exact = (decimal)amount * bps / 10_000;
            var expected = Math.Max(low, (long)Math.Ceiling(exact));
            Assert.Equal(low + more == 0 ? expected : Math.Min(expected, low + more), fee);
        });

    [Fact]
    public void A_sum_is_the_rails_before_the_codes_before_the_merchants() =>
        Gen.Select(Sum.Nullable(), Sum.Nullable(), Sum.Nullable()).Sample((code, rail, asked) =>
        {
            var decided = PaymentAmount.Decide(Of(code), Of(rail), Of(asked), new Kopecks(1), new Kopecks(100_000_000));
            if (decided is PaymentAmount.Fixed { Amount: var amount })
            {
                Assert.Equal(rail ?? code ?? asked, amount.Value);
                Assert.True(code is null || code == amount.Value);
                Assert.True(asked is null || asked == amount.Value);
            }
        });

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 5)]
    [InlineData(4, 15)]
    [InlineData(5, 30)]
    [InlineData(6, 60)]
    [InlineData(7, 60)]
    [InlineData(int.MaxValue, 60)]
    public void The_rail_is_asked_after_1_2_5_15_30_60_seconds(int turn, int delay) =>
        Assert.Equal(delay, AskSchedule.DelaySeconds(turn));

    [Theory]
    [InlineData("""{"a":1,"b":"я"}""", """ { "b" : "\u044f" , "a" : 1 } """, true)]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""", false)]
    [InlineData("""{"a":null}""", """{}""", false)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", false)]
    [InlineData("""{"a":{"c":1,"b":2}}""", """{"a":{"b":2,"c":1}}""", true)]
    [InlineData("", "{}", true)]
    public void Bodies_that_mean_the_same_hash_the_same(string left, string right, bool same) =>
        Assert.Equal(same, CanonicalJson.Hash(Encoding.UTF8.GetBytes(left)).SequenceEqual(CanonicalJson.Hash(Encoding.UTF8.GetBytes(right))));

    private static Kopecks? Of(long? value) => value is { } sum ? new Kopecks(sum) : null;
}
