using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Domain;
using CsCheck;

namespace ArdorQr.Webhooks.Tests.Domain;

/// <summary>Signature, schedule, sealing and excerpts, each by itself.</summary>
public sealed class RuleTests
{
    private static readonly double[] WaitsSeconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

    [Fact]
    public void A_secret_is_whsec_and_32_random_bytes_in_base64url()
    {
        using var random = RandomNumberGenerator.Create();
        Assert.Matches("^whsec_[A-Za-z0-9_-]{43}$", Signature.NewSecret(random));
        Assert.NotEqual(Signature.NewSecret(random), Signature.NewSecret(random));
    }

    [Fact]
    public void A_signature_is_what_an_independent_check_computes_and_of_this_body_only() =>
        Gen.Select(Gen.Byte.Array, Gen.Int[0, int.MaxValue]).Sample((body, seconds) =>
        {
            var header = Signature.Header(
                DateTimeOffset.FromUnixTimeSeconds(seconds), body, ["whsec_new", "whsec_old"]);
            Assert.Equal([true, false], SignatureCheck.Matches(header, body, "whsec_new"));
            Assert.Equal([false, true], SignatureCheck.Matches(header, body, "whsec_old"));
            Assert.Equal([false, false], SignatureCheck.Matches(header, [.. body, 0], "whsec_new"));
        });

    [Fact]
    public void A_known_signature_stays_what_it_is() => Assert.Equal(
        // printf '1781870400.{"id":1}' | openssl dgst -sha256 -hmac whsec_test
        "t=1781870400,v1=ed75da19b2f65161398763ec40c03d91e9680641f243ac9bda2d2d028a313d11",
        Signature.Header(DateTimeOffset.FromUnixTimeSeconds(1_781_870_400), """{"id":1}"""u8, ["whsec_test"]));

    [Fact]
    public void Each_wait_is_its_step_give_or_take_a_fifth_and_the_tenth_failure_is_the_last()
    {
        using var random = RandomNumberGenerator.Create();
        for (var attempt = 1; attempt < RetrySchedule.MaxAttempts; attempt++)
        {
            var step = WaitsSeconds[attempt - 1];
            var waits = Enumerable.Range(0, 200)
                .Select(_ => RetrySchedule.WaitAfter(attempt, null, random)!.Value.TotalSeconds).ToList();
            Assert.All(waits, wait => Assert.InRange(wait, step * 0.8, step * 1.2));
            Assert.True(waits.Max() - waits.Min() > step * 0.2, "The waits are not spread.");
        }

        Assert.Null(RetrySchedule.WaitAfter(RetrySchedule.MaxAttempts, null, random));
        Assert.Equal(10, RetrySchedule.MaxAttempts);
    }

    [Fact]
    public void A_receiver_can_ask_for_a_longer_wait_up_to_the_longest_step_and_never_for_a_shorter_one()
    {
        using var random = RandomNumberGenerator.Create();
        Assert.Equal(TimeSpan.FromHours(3), RetrySchedule.WaitAfter(1, TimeSpan.FromHours(3), random));
        Assert.Equal(RetrySchedule.LongestWait, RetrySchedule.WaitAfter(1, TimeSpan.FromDays(300), random));
        Assert.True(RetrySchedule.WaitAfter(4, TimeSpan.FromSeconds(1), random) >= TimeSpan.FromHours(1.6));
    }

    [Fact]
    public void A_sealed_secret_opens_for_its_owner_and_nobody_else()
    {
        using var random = RandomNumberGenerator.Create();
        var (owner, key) = (WebhooksHost.NewId(), NewKey());
        var cipher = new SecretCipher(new Seals(key, [], random));
        var secret = cipher.Seal("whsec_abc", owner, Mode.Test);

        Assert.Equal("whsec_abc", cipher.Open(secret, owner, Mode.Test));
        Assert.ThrowsAny<CryptographicException>(() => cipher.Open(secret, owner, Mode.Live));
        Assert.ThrowsAny<CryptographicException>(() => cipher.Open(secret, WebhooksHost.NewId(), Mode.Test));
        Assert.ThrowsAny<CryptographicException>(
            () => new SecretCipher(new Seals(NewKey(), [], random)).Open(secret, owner, Mode.Test));
        Assert.DoesNotContain("whsec_abc", Encoding.Latin1.GetString(secret.Bytes), StringComparison.Ordinal);
        Assert.NotEqual(secret.Bytes, cipher.Seal("whsec_abc", owner, Mode.Test).Bytes);
    }

    [Fact]
    public void After_a_change_of_key_old_secrets_open_and_new_ones_are_sealed_under_the_new_key()
    {
        using var random = RandomNumberGenerator.Create();
        var (owner, old, fresh) = (WebhooksHost.NewId(), NewKey(), NewKey());
        var before = new SecretCipher(new Seals(old, [], random)).Seal("whsec_abc", owner, Mode.Live);
        var cipher = new SecretCipher(new Seals(fresh, [old], random));

        Assert.Equal("whsec_abc", cipher.Open(before, owner, Mode.Live));
        Assert.NotEqual(before.KeyId, cipher.Seal("whsec_abc", owner, Mode.Live).KeyId);
    }

    [Theory]
    [InlineData(31, false)]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void A_key_is_32_bytes(int bytes, bool isKey) =>
        Assert.Equal(isKey, Seals.IsKey(Convert.ToBase64String(new byte[bytes])));

    [Fact]
    public void An_excerpt_of_any_bytes_is_text_of_at_most_a_kibibyte_without_a_zero() =>
        Gen.Byte.Array[0, 3_000].Sample(bytes =>
        {
            var text = Answer.Excerpt(bytes);
            Assert.True(Encoding.UTF8.GetByteCount(text) <= Answer.MaxKeptBytes);
            Assert.DoesNotContain('\0', text);
        });

    [Fact]
    public void An_excerpt_ends_between_characters() =>
        Assert.Equal("a" + string.Concat(Enumerable.Repeat("😀", 255)),
            Answer.Excerpt(Encoding.UTF8.GetBytes("a" + string.Concat(Enumerable.Repeat("😀", 300)))));

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
