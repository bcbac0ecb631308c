using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Payments.Tests.Qr;

/// <summary>The rules that the readers share.</summary>
public sealed class QrRulesTests
{
    [Fact]
    public void The_checksum_agrees_with_its_published_check_value() =>
        Assert.Equal(0x29B1, Crc16.Of("123456789"u8));

    [Theory]
    [InlineData("cF57", 0xCF57)]
    [InlineData("0000", 0)]
    public void A_checksum_is_read_in_either_case(string text, int expected)
    {
        Assert.True(Crc16.TryParse(text, out var crc));
        Assert.Equal(expected, crc);
    }

    [Theory]
    [InlineData("40702810798656462770", "044525225", true)]
    [InlineData("40702810798656462771", "044525225", false)]
    [InlineData("40702810798656462770", "044525593", false)]
    public void A_clients_key_is_counted_from_the_end_of_the_bic(string account, string bic, bool fits) =>
        Assert.Equal(fits, AccountKey.FitsClient(account, bic));

    [Theory]
    [InlineData("044525000")]
    [InlineData("044525001")]
    [InlineData("044525002")]
    public void A_client_of_the_bank_of_russia_has_a_key_counted_from_its_branch(string bic)
    {
        // The same account has the same key in every office of branch 25, as a correspondent account has.
        const string account = "30101810400000000225";
        Assert.True(AccountKey.FitsClient(account, bic));
        Assert.False(AccountKey.FitsClient(account, "044525003"));
        Assert.True(AccountKey.FitsCorrespondent(account, bic));
    }

    [Fact]
    public void The_shipped_table_names_banks_by_member_id()
    {
        Assert.Equal("Т-Банк", QrTables.Shipped.BankNameOf("100000000004"));
        Assert.Null(QrTables.Shipped.BankNameOf("100000000284"));
    }

    [Fact]
    public void A_table_can_be_replaced()
    {
        var tables = new QrTables("""{"members":[{"memberId":"100000000284","name":"Новый банк"}]}""");
        var reading = QrReader.Read(QrSamples.TextOf("sbp-unknown-member"), tables);
        var code = Assert.IsType<SbpQrCode>(Assert.IsType<QrReading.Payable>(reading).Code);
        Assert.Equal("Новый банк", code.BankName);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"members":[null]}""")]
    [InlineData("""{"members":[{"memberId":"1","name":"x"}]}""")]
    [InlineData("""{"members":[{"memberId":"100000000004","name":""}]}""")]
    [InlineData("""{"members":[{"memberId":"10000000000x","name":"x"}]}""")]
    [InlineData("""{"members":[{"memberId":"100000000004","name":"x"},{"memberId":"100000000004","name":"y"}]}""")]
    public void A_broken_table_is_refused_as_a_whole(string json) =>
        Assert.Throws<FormatException>(() => new QrTables(json));

    [Fact]
    public void A_text_is_measured_in_characters_and_a_surrogate_pair_is_one()
    {
        var longest = string.Concat(Enumerable.Repeat("\U0001F600", QrReader.MaxCharacters));
        Assert.Equal("qr_unrecognized", QrTexts.Refused(longest).Code);
        Assert.Equal("qr_too_long", QrTexts.Refused(longest + "x").Code);
    }

    [Theory]
    [InlineData("\uFEFF")]
    [InlineData("\u00A0\u200B\r\n")]
    public void Blanks_that_nobody_sees_are_blank(string text) =>
        Assert.Equal("qr_empty", QrTexts.Refused(text).Code);
}
