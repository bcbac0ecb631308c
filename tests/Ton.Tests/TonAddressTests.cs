using CsCheck;

namespace ArdorQr.Ton.Tests;

public sealed class TonAddressTests
{
    private static readonly Gen<TonAddress> AnyAddress =
        Gen.Select(Gen.Int[-128, 127], Gen.Byte.Array[32], (workchain, hash) => new TonAddress(workchain, hash));

    public static TheoryData<int> Vectors => Samples.Numbers(Samples.Addresses.At("addresses"));
    public static TheoryData<int> Invalid => Samples.Numbers(Samples.Addresses.At("invalid"));

    [Theory, MemberData(nameof(Vectors))]
    public void Every_form_of_an_address_is_read_and_written(int number)
    {
        var vector = Samples.Addresses.At("addresses")[number];
        var address = new TonAddress(vector.At("workchain").GetInt32(), vector.Hex("hashHex"));

        Assert.Equal(vector.Text("raw"), address.ToRaw());
        Assert.Equal(vector.Text("rawUpper"), address.ToRawUpper());
        Assert.Equal(vector.Hex("hashHex"), address.GetHash());
        foreach (var raw in new[] { "raw", "rawUpper" })
        {
            Assert.True(TonAddress.TryParse(vector.Text(raw), out var parsed, out var flags));
            Assert.Equal(address, parsed);
            Assert.Null(flags);
        }

        foreach (var (name, bounceable, testOnly) in new[]
        {
            ("bounceableMainnet", true, false), ("nonBounceableMainnet", false, false),
            ("bounceableTestnet", true, true), ("nonBounceableTestnet", false, true),
        })
        {
            Assert.Equal(vector.Text(name), address.ToFriendly(bounceable, testOnly));
            foreach (var text in new[] { vector.Text(name), vector.Text(name + "Std") })
            {
                Assert.True(TonAddress.TryParse(text, out var parsed, out var flags));
                Assert.Equal(address, parsed);
                Assert.Equal(new TonAddressFlags(bounceable, testOnly), flags);
            }
        }
    }

    [Theory, MemberData(nameof(Invalid))]
    public void An_invalid_address_is_refused(int number)
    {
        var text = Samples.Addresses.At("invalid")[number].Text("text");

        Assert.False(TonAddress.TryParse(text, out var address));
        Assert.Equal(default, address);
        Assert.Throws<TonFormatException>(() => TonAddress.Parse(text));
    }

    [Fact]
    public void An_address_in_a_mixed_alphabet_is_refused() =>
        Assert.False(TonAddress.TryParse(Policy("mixed-alphabet").Text, out _));

    [Fact]
    public void An_unknown_workchain_is_read_and_recognised_as_unknown()
    {
        var (text, raw) = Policy("other-workchain");

        Assert.Equal(raw, TonAddress.Parse(text).ToRaw());
        Assert.False(TonAddress.Parse(text).IsKnownWorkchain);
        Assert.True(TonAddress.Parse(Policy("raw-lower-case").Raw).IsKnownWorkchain);
    }

    [Fact]
    public void A_testnet_address_says_that_it_is_one()
    {
        var (text, raw) = Policy("testnet-flag-on-mainnet");

        Assert.True(TonAddress.TryParse(text, out var address, out var flags));
        Assert.Equal(raw, address.ToRaw());
        Assert.True(flags?.TestOnly);
    }

    [Theory]
    [InlineData("raw-lower-case")]
    [InlineData("raw-upper-case")]
    public void A_raw_address_is_read_in_either_case(string name) =>
        Assert.Equal(Policy(name).Raw, TonAddress.Parse(Policy(name).Text).ToRaw());

    [Theory]
    [InlineData("+0:")]
    [InlineData("-0:")]
    [InlineData("00:")]
    [InlineData(" 0:")]
    [InlineData("128:")]
    [InlineData("-129:")]
    [InlineData("４:")]
    [InlineData(":")]
    [InlineData("")]
    public void A_workchain_written_in_another_way_is_refused(string prefix) =>
        Assert.False(TonAddress.TryParse(prefix + new string('a', 64), out _));

    [Fact]
    public void No_text_is_no_address() => Assert.False(TonAddress.TryParse(null, out _));

    [Fact]
    public void Every_address_survives_every_form() =>
        Gen.Select(AnyAddress, Gen.Bool, Gen.Bool).Sample((address, bounceable, testOnly) =>
            TonAddress.TryParse(address.ToFriendly(bounceable, testOnly), out var friendly, out var flags)
            && friendly == address && flags == new TonAddressFlags(bounceable, testOnly)
            && TonAddress.Parse(address.ToRaw()) == address && TonAddress.Parse(address.ToRawUpper()) == address);

    [Fact]
    public void Changing_any_one_character_of_a_friendly_address_is_noticed() =>
        Gen.Select(AnyAddress, Gen.Int[0, 47], Gen.Int[1, 63]).Sample((address, position, step) =>
        {
            const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            var text = address.ToFriendly(bounceable: false, testOnly: false).ToCharArray();
            text[position] = alphabet[(alphabet.IndexOf(text[position]) + step) % alphabet.Length];
            return !TonAddress.TryParse(new string(text), out _);
        });

    private static (string Text, string Raw) Policy(string name)
    {
        var policy = Samples.Addresses.At("policy").EnumerateArray().Single(entry => entry.Text("name") == name);
        return (policy.Text("text"), policy.Text("raw"));
    }
}
