using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Domain;
using CsCheck;

namespace ArdorQr.Gateway.Tests;

public sealed class ApiKeyTests
{
    private static readonly Gen<ApiKey> AnyKey =
        Gen.Select(Gen.Bool, Gen.Int, (live, seed) => ApiKey.Issue(live ? Mode.Live : Mode.Test, new SeededGenerator(seed)));

    [Theory]
    [InlineData("", 0x00000000u)]
    [InlineData("123456789", 0xCBF43926u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void The_checksum_is_CRC_32_of_IEEE(string text, uint expected) => Assert.Equal(expected, Crc32.Of(text));

    [Theory]
    [InlineData(0u, "000000")]
    [InlineData(61u, "00000z")]
    [InlineData(62u, "000010")]
    [InlineData(uint.MaxValue, "4gfFC3")]
    public void A_checksum_is_six_digits_of_base_62_most_significant_first(uint number, string expected) =>
        Assert.Equal(expected, Base62.Encode(number, 6));

    [Theory] // Computed with Python's zlib.crc32.
    [InlineData("sk_test_A1b2C3d4_0123456789abcdefGH", "0PbIJi")]
    [InlineData("sk_live_00000000_000000000000000000", "4HUJgT")]
    public void A_key_made_elsewhere_by_the_rule_is_taken(string body, string checksum)
    {
        var key = ApiKey.TryParse(body + checksum);

        Assert.NotNull(key);
        Assert.Equal(body.Split('_')[1], key.Mode.Code);
        Assert.Equal(body.Split('_')[2], key.PublicId);
        Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(body + checksum)), key.Hash());
    }

    [Fact]
    public void An_issued_key_has_the_published_form_and_is_parsed_back() => AnyKey.Sample(key =>
    {
        Assert.Matches("^sk_(live|test)_[0-9A-Za-z]{8}_[0-9A-Za-z]{24}$", key.Text);
        var parsed = ApiKey.TryParse(key.Text);
        Assert.NotNull(parsed);
        Assert.Same(key.Mode, parsed.Mode);
        Assert.Equal(key.Text.Split('_')[2], parsed.PublicId);
        Assert.True(parsed.Matches(key.Hash()));
        Assert.Equal($"{key.Text[..12]}…{key.Text[^4..]}", key.Hint);
    });

    [Fact]
    public void A_key_with_any_one_character_changed_is_refused() =>
        Gen.Select(AnyKey, Gen.Int[0, 40], Gen.Char['!', '~']).Sample((key, position, character) =>
        {
            var changed = key.Text.ToCharArray();
            changed[position] = character;
            var text = new string(changed);
            return text == key.Text || ApiKey.TryParse(text) is null;
        });

    [Fact]
    public void Any_text_is_parsed_or_refused_without_an_exception() =>
        Gen.String.Sample(text => ApiKey.TryParse(text) is null && ApiKey.TryParse("sk_live_" + text) is null);

    [Theory]
    [InlineData("")]
    [InlineData("sk_live_")]
    [InlineData("sk_prod_00000000_000000000000000000000000")]
    [InlineData("sk_live-00000000_000000000000000000000000")]
    [InlineData("sk_live_0000000é_000000000000000000000000")]
    [InlineData("SK_live_00000000_000000000000000000000000")]
    public void What_no_gateway_can_have_issued_is_refused(string text) => Assert.Null(ApiKey.TryParse(text));

    [Fact]
    public void A_key_in_a_message_shows_its_hint_only()
    {
        using var random = RandomNumberGenerator.Create();
        var key = ApiKey.Issue(Mode.Live, random);

        Assert.Equal(key.Hint, $"{key}");
        Assert.DoesNotContain(key.Text[17..35], $"{key}", StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_would_favour_the_first_digits_are_thrown_away()
    {
        using var random = new CyclingGenerator([255, 248, 247, 0]);

        Assert.Equal("z0z0", Base62.Random(4, random));
    }

    private sealed class SeededGenerator(int seed) : RandomNumberGenerator
    {
        private readonly Random _random = new(seed);

        public override void GetBytes(byte[] data) => _random.NextBytes(data);

        public override void GetBytes(Span<byte> data) => _random.NextBytes(data);
    }

    private sealed class CyclingGenerator(byte[] bytes) : RandomNumberGenerator
    {
        private int _next;

        public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

        public override void GetBytes(Span<byte> data)
        {
            foreach (ref var value in data)
            {
                value = bytes[_next++ % bytes.Length];
            }
        }
    }
}
