using ArdorQr.Contracts;
using ArdorQr.Payments.Domain.Qr;
using static ArdorQr.Payments.Tests.Qr.QrTexts;

namespace ArdorQr.Payments.Tests.Qr;

public sealed class BankTransferReaderTests
{
    [Fact]
    public void Every_field_is_kept_the_unknown_ones_too()
    {
        var code = PayableTransfer(BankTransfer("|Sum=320000|TechCode=12|MyField=a=b"));

        Assert.Equal("12", code.Fields["TechCode"]);
        Assert.Equal("a=b", code.Fields["MyField"]);
        Assert.Equal(8, code.Fields.Count);
        Assert.Equal(CorrespAccount, code.CorrespAccount);
    }

    [Theory]
    [InlineData('^')]
    [InlineData(';')]
    [InlineData('\t')]
    [InlineData('\n')]
    [InlineData('§')]
    public void The_code_itself_names_the_separator(char separator)
    {
        var code = PayableTransfer(BankTransfer("|Sum=1").Replace('|', separator));
        Assert.Equal(new Kopecks(1), code.Amount);
    }

    [Theory]
    [InlineData("ST0001")]
    [InlineData("ST00012")]
    [InlineData("ST00012|")]
    [InlineData("ST00012||")]
    [InlineData("ST00X12|Name=x")]
    [InlineData("ST00012NameNN=x")]
    [InlineData("ST000121Name=x")]
    [InlineData("ST00012=Name=x")]
    [InlineData("ST00012\uD83D\uDE00Name=x")]
    public void A_header_that_is_not_whole_is_malformed(string text) =>
        Assert.Equal("qr_malformed", Refused(text).Code);

    [Theory]
    [InlineData("|Purpose=Договор 5|7")]
    [InlineData("||Sum=1")]
    [InlineData("|Sum=1||")]
    [InlineData("|=1")]
    [InlineData("|Sum=1|Sum=1")]
    [InlineData("|MyField=1|MyField=2")]
    public void A_body_that_can_be_read_in_two_ways_is_malformed(string more) =>
        Assert.Equal("qr_malformed", Refused(BankTransfer(more)).Code);

    [Theory]
    [InlineData("Name")]
    [InlineData("PersonalAcc")]
    [InlineData("BankName")]
    [InlineData("BIC")]
    [InlineData("CorrespAcc")]
    public void A_required_field_may_be_neither_absent_nor_blank(string key)
    {
        var parts = BankTransfer().Split('|');
        var absent = string.Join('|', parts.Where(part => !part.StartsWith(key + "=", StringComparison.Ordinal)));
        var blank = string.Join('|', parts.Select(
            part => part.StartsWith(key + "=", StringComparison.Ordinal) ? key + "= " : part));

        foreach (var refusal in new[] { Refused(absent), Refused(blank + "|Sum=1") })
        {
            Assert.Equal("qr_field_missing", refusal.Code);
            Assert.Equal(key, refusal.Details?["field"]);
        }
    }

    [Fact]
    public void An_optional_field_may_be_blank()
    {
        var code = PayableTransfer(BankTransfer("|Sum=|PayeeINN=|Purpose="));

        Assert.Null(code.Amount);
        Assert.Null(code.PayeeInn);
        Assert.Null(code.Purpose);
    }

    [Theory]
    [InlineData("Name", 160)]
    [InlineData("BankName", 45)]
    [InlineData("Purpose", 210)]
    public void A_text_is_measured_in_characters(string key, int maxCharacters)
    {
        const string pairOfSurrogates = "\U0001F600";
        var longest = string.Concat(Enumerable.Repeat(pairOfSurrogates, maxCharacters));

        Assert.IsType<BankTransferQrCode>(Payable(With(longest)));
        var refusal = Refused(With(longest + "x"));
        Assert.Equal("qr_field_too_long", refusal.Code);
        Assert.Equal(key, refusal.Details?["field"]);

        string With(string value) => key switch
        {
            "Name" => BankTransfer(name: value),
            "BankName" => BankTransfer(bankName: value),
            _ => BankTransfer($"|{key}={value}"),
        };
    }

    [Theory]
    [InlineData("7707083893", true)]
    [InlineData("7707083894", false)]
    [InlineData("500100732259", true)]
    [InlineData("500100732258", false)]
    [InlineData("500100732269", false)]
    public void A_failed_inn_check_only_warns(string inn, bool isValid)
    {
        var code = PayableTransfer(BankTransfer($"|PayeeINN={inn}"));

        Assert.Equal(inn, code.PayeeInn);
        Assert.Equal(isValid ? [] : ["inn_check_failed"], code.Warnings);
    }

    [Theory]
    [InlineData("12345")]
    [InlineData("770708389")]
    [InlineData("77070838930")]
    [InlineData("7707083893000")]
    [InlineData("770708389X")]
    [InlineData("٧٧٠٧٠٨٣٨٩٣")]
    public void An_inn_of_another_form_is_refused(string inn) =>
        Assert.Equal("qr_payee_inn_invalid", Refused(BankTransfer($"|PayeeINN={inn}")).Code);

    [Theory]
    [InlineData("ST00010|")]
    [InlineData("ST00014|")]
    [InlineData("ST0001x|")]
    public void An_unknown_encoding_is_refused(string header) =>
        Assert.Equal("qr_encoding_invalid", Refused(BankTransfer(header: header)).Code);

    [Theory]
    [InlineData("a\uFFFDb")]
    [InlineData("a\uD800b")]
    [InlineData("a\uDC00")]
    [InlineData("a\u0000b")]
    [InlineData("a\u001Bb")]
    [InlineData("a\u0097b")]
    public void A_text_that_a_decoder_destroyed_is_refused(string name)
    {
        Assert.Equal("qr_encoding_invalid", Refused(BankTransfer(name: name)).Code);
        Assert.Equal("qr_encoding_invalid", Refused(BankTransfer($"|MyField={name}|Sum=1")).Code);
    }

    [Fact]
    public void Another_version_is_named_in_the_details() =>
        Assert.Equal("st0002", Refused(BankTransfer(header: "ST00022|")).Details?["format"]);

    [Fact]
    public void An_account_in_another_currency_is_told_apart_from_a_wrong_one() =>
        Assert.Equal("qr_currency_unsupported", Refused(QrSamples.TextOf("st-account-usd")).Code);

    [Fact]
    public void A_treasury_account_is_payable_with_a_warning_for_its_key_has_no_public_rule()
    {
        var code = PayableTransfer(Treasury());

        Assert.Equal(["account_key_unchecked"], code.Warnings);
    }

    [Fact]
    public void Every_change_of_one_digit_of_the_accounts_or_the_bic_is_noticed()
    {
        var text = BankTransfer();
        foreach (var number in new[] { Account, CorrespAccount, Bic[4..] })
        {
            var start = text.IndexOf(number, StringComparison.Ordinal);
            for (var i = start; i < start + number.Length; i++)
            {
                // The next digit; never the same remainder of the weighted sum, for 7, 1 and 3 are coprime with 10.
                var changed = text[..i] + (char)('0' + ((text[i] - '0' + 1) % 10)) + text[(i + 1)..];
                Assert.IsType<QrReading.Refused>(QrReader.Read(changed, QrTables.Shipped));
            }
        }
    }
}
