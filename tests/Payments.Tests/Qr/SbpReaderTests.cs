using ArdorQr.Contracts;
using ArdorQr.Payments.Domain.Qr;
using static ArdorQr.Payments.Tests.Qr.QrTexts;

namespace ArdorQr.Payments.Tests.Qr;

public sealed class SbpReaderTests
{
    private const string Bank = "bank=100000000111";
    private const string Paid = $"type=02&{Bank}&sum=125000&cur=RUB";

    [Theory]
    [InlineData("https://")]
    [InlineData("HTTPS://")]
    [InlineData("bank100000000004://")]
    [InlineData("bank110000000005://")]
    [InlineData("intent://")]
    public void Every_spelling_of_one_code_is_the_same_code(string scheme)
    {
        var https = Sbp(DynamicId, Paid);
        var spelled = scheme + https["https://".Length..];
        if (scheme == "intent://")
        {
            spelled += "#Intent;scheme=bank100000000004;package=ru.bank.app;end";
        }

        var code = PayableSbp($" \t{spelled}\r\n");

        Assert.Equal(PayableSbp(https) with { Warnings = code.Warnings }, code);
        Assert.Equal(https, code.CanonicalUrl);
        Assert.Equal(DynamicId, code.SingleUseKey);
    }

    [Fact]
    public void The_canonical_url_writes_the_checksum_in_capitals()
    {
        var sample = PayableSbp(QrSamples.TextOf("sbp-dynamic-crc-lowercase"));
        Assert.EndsWith("&crc=88DD", sample.CanonicalUrl, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_in_capitals_is_the_same_host()
    {
        var https = Sbp(DynamicId, Paid);
        var code = PayableSbp(https.Replace("qr.nspk.ru", "QR.NSPK.RU", StringComparison.Ordinal));
        Assert.Equal(https, code.CanonicalUrl);
    }

    [Theory]
    [InlineData("http://qr.nspk.ru/{0}")]
    [InlineData("https://qr.nspk.ru:443/{0}")]
    [InlineData("https://qr.nspk.ru./{0}")]
    [InlineData("https://qr.ns\u0440k.ru/{0}")] // The p is Cyrillic.
    [InlineData("https://qr.n\u017Fpk.ru/{0}")] // A long s, which folds to "s".
    [InlineData("https://qr.nsp\u212A.ru/{0}")] // The Kelvin sign, which folds to "k".
    [InlineData("https://qr.nspk.ru@evil.example/{0}")]
    [InlineData("https://qr.nspk.ru%2F@evil.example/{0}")]
    [InlineData("https://evil.example\\@qr.nspk.ru/{0}")]
    [InlineData("https://user:secret@qr.nspk.ru/{0}")]
    [InlineData("https://evil.example/https://qr.nspk.ru/{0}")]
    [InlineData("https://qr.nspk.ru.evil.example/{0}")]
    [InlineData("https://xqr.nspk.ru/{0}")]
    [InlineData("https://nspk.ru/{0}")]
    [InlineData("https:\\\\qr.nspk.ru/{0}")]
    [InlineData("https:/qr.nspk.ru/{0}")]
    [InlineData("qr.nspk.ru/{0}")]
    [InlineData("bank://qr.nspk.ru/{0}")]
    [InlineData("bankx00000000111://qr.nspk.ru/{0}")]
    [InlineData("bank1000000001111://qr.nspk.ru/{0}")]
    [InlineData("bank100000000111://evil.example/{0}")]
    [InlineData("intent://evil.example/{0}#Intent;scheme=bank100000000111;end")]
    [InlineData("evil intent://qr.nspk.ru/{0}#Intent;scheme=bank100000000111;end")]
    public void What_only_looks_like_sbp_is_not_recognized(string format) =>
        Assert.Equal(
            "qr_unrecognized",
            Refused(format.Replace("{0}", StaticId, StringComparison.Ordinal)).Code);

    [Fact]
    public void A_refused_link_names_the_host_it_really_leads_to()
    {
        var refusal = Refused(QrSamples.TextOf("userinfo-trick"));
        Assert.Contains("на сайт evil.example,", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData("/")]
    [InlineData("#")]
    [InlineData("?crc=0000")]
    [InlineData("?" + Paid)]
    [InlineData("?" + Paid + "&crc=")]
    [InlineData("?" + Paid + "&crc=CF5")]
    [InlineData("?" + Paid + "&crc=CF577")]
    [InlineData("?" + Paid + "&crc=CF57&sum=1")]
    [InlineData("?" + Paid + "&crc=CF57#x")]
    [InlineData("?" + Paid + "&crc= CF5")]
    public void A_link_that_is_not_whole_is_malformed(string tail)
    {
        var id = tail.Length == 0 ? "" : DynamicId;
        Assert.Equal("qr_malformed", Refused($"https://qr.nspk.ru/{id}{tail}").Code);
    }

    [Theory]
    [InlineData("cd10002028TVASRF4039SI1MG44GASKE")]
    [InlineData("CD10002028TVASRF4039SI1MG44GASKE")]
    [InlineData("AX10002028TVASRF4039SI1MG44GASKE")]
    [InlineData("AD10002028TVASRF4039SI1MG44GASKe")]
    [InlineData("AD10002028TVASRF4039SI1MG44GASK\u0415")] // The last letter is Cyrillic.
    [InlineData("AD10002028TVASRF4039SI1MG44GASK\u0663")] // An Arabic digit.
    public void An_id_of_other_characters_is_malformed(string id) =>
        Assert.Equal("qr_malformed", Refused($"https://qr.nspk.ru/{id}").Code);

    [Theory]
    [InlineData($"type=02&sum=125000&cur=RUB")]
    [InlineData($"{Bank}&sum=125000&cur=RUB")]
    [InlineData("type=02&bank=10000000011&sum=125000&cur=RUB")]
    [InlineData("type=02&bank=10000000011X&sum=125000&cur=RUB")]
    [InlineData($"type=2&{Bank}&sum=125000&cur=RUB")]
    [InlineData($"type=xx&{Bank}&sum=125000&cur=RUB")]
    [InlineData($"type=02&{Bank}&cur=RUB")]
    [InlineData($"type=02&{Bank}&sum=125000")]
    [InlineData($"{Paid}&sum=1")]
    [InlineData($"{Paid}&type=02")]
    [InlineData($"{Paid}&")]
    [InlineData($"{Paid}&x")]
    [InlineData($"{Paid}&=x")]
    [InlineData($"crc=0000&{Paid}")]
    public void Parameters_that_break_the_rules_are_malformed_even_under_a_good_checksum(string parameters) =>
        Assert.Equal("qr_malformed", Refused(Sbp(DynamicId, parameters)).Code);

    [Fact]
    public void A_parameter_that_is_not_known_yet_is_passed_over_if_the_checksum_covers_it()
    {
        var code = PayableSbp(Sbp(DynamicId, Paid + "&new=1"));
        Assert.Equal(new Kopecks(125000), code.Amount);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.00")]
    [InlineData("1e3")]
    [InlineData("1000000000000000000")]
    public void A_sum_that_is_not_whole_kopecks_above_zero_is_invalid(string sum)
    {
        Assert.Equal("qr_amount_invalid", Refused(Sbp(DynamicId, $"type=02&{Bank}&sum={sum}&cur=RUB")).Code);
        Assert.Equal("qr_amount_invalid", Refused(Sbp(StaticId, $"type=01&{Bank}&sum={sum}&cur=RUB")).Code);
    }

    [Fact]
    public void The_largest_sum_has_eighteen_digits()
    {
        var code = PayableSbp(Sbp(DynamicId, $"type=02&{Bank}&sum=999999999999999999&cur=RUB"));
        Assert.Equal(new Kopecks(999_999_999_999_999_999), code.Amount);
    }

    [Theory]
    [InlineData("https://qr.nspk.ru/AB10002028TVASRF4039SI1MG44GASKE")]
    [InlineData("https://sub.nspk.ru/")]
    [InlineData("bank100000000111://sub.nspk.ru/AB1S002MMH7FP1PD0L1TN6L22TPNPIRL?type=03&bank=100000000111&crc=51B3")]
    public void A_subscription_is_refused_by_its_name(string text) =>
        Assert.Equal("qr_subscription_unsupported", Refused(text).Code);

    [Fact]
    public void A_subscription_by_its_type_is_refused_by_its_name() =>
        Assert.Equal("qr_subscription_unsupported", Refused(Sbp(StaticId, $"type=03&{Bank}")).Code);

    [Theory]
    [InlineData("")]
    [InlineData("#Intent;scheme=bank100000000111")]
    [InlineData("#Intent;scheme=bank100000000111;end;")]
    [InlineData("#Intentend")]
    public void An_intent_without_its_end_is_malformed(string tail) =>
        Assert.Equal("qr_malformed", Refused($"intent://qr.nspk.ru/{StaticId}{tail}").Code);

    [Fact]
    public void A_static_code_may_be_paid_many_times() =>
        Assert.Null(PayableSbp($"https://qr.nspk.ru/{StaticId}").SingleUseKey);

    [Fact]
    public void Every_change_of_one_character_is_noticed()
    {
        var text = Sbp(DynamicId, Paid);
        for (var i = "https://qr.nspk.ru/".Length; i < text.Length; i++)
        {
            var changed = text[..i] + (text[i] == '7' ? '8' : '7') + text[(i + 1)..];
            Assert.IsType<QrReading.Refused>(QrReader.Read(changed, QrTables.Shipped));
        }
    }
}
