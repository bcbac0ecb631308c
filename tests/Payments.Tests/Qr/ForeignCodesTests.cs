using ArdorQr.Payments.Domain.Qr;
using static ArdorQr.Payments.Tests.Qr.QrTexts;

namespace ArdorQr.Payments.Tests.Qr;

public sealed class ForeignCodesTests
{
    [Theory]
    [InlineData("https://INVOICENPD.nalog.ru/?inn=1", "npd_invoice")]
    [InlineData("https://lknpd.nalog.ru/api/v1/receipt/100000000009/20abc/print", "npd_receipt")]
    [InlineData("https://www.sberbank.ru/qr/?uuid=1", "sber_qr")]
    [InlineData("https://platiqr.ru/?uuid=1", "sber_qr")]
    [InlineData("SberPay://invoicing/v2?bankInvoiceId=1", "sberpay")]
    [InlineData("ton://transfer/EQAA", "ton_transfer")]
    [InlineData("BCD\r\n002\r\n1\r\nSCT\r\n\r\nExample GmbH\r\nDE89370400440532013000\r\nEUR1", "epc")]
    public void A_code_of_another_system_is_refused_by_its_name(string text, string format)
    {
        var refusal = Refused(text);
        Assert.Equal("qr_unsupported", refusal.Code);
        Assert.Equal(format, refusal.Details?["format"]);
    }

    [Theory]
    [InlineData("https://sberbank.ru/cards")]
    [InlineData("https://sberbank.ru.evil.example/qr/?uuid=1")]
    [InlineData("https://evil.example/sberbank.ru/qr/")]
    [InlineData("https://evil.example?@sberbank.ru/qr/")]
    [InlineData("https://sberbank.ru@evil.example/qr/")]
    [InlineData("https://")]
    [InlineData("https://пример.рф/qr")]
    [InlineData("://")]
    [InlineData("WIFI:S:guest;T:WPA;P:12345678;;")]
    [InlineData("BCD")]
    [InlineData("st00012|Name=x")]
    [InlineData("STOP")]
    public void Anything_else_is_not_recognized(string text) => Assert.Equal("qr_unrecognized", Refused(text).Code);

    [Fact]
    public void A_link_is_named_by_its_host_without_user_and_port() =>
        Assert.Contains(
            "на сайт example.com,", Refused("https://me@EXAMPLE.com:8443/pay").Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("t=20261124T1530&s=1250.00&fn=9999078900001111&i=101&fp=1000000001", "qr_fiscal_receipt")]
    [InlineData("n=1&fp=1&i=1&fn=1&s=1&t=1", "qr_fiscal_receipt")]
    [InlineData("t=20261124T1530&s=1250.00", "qr_unrecognized")]
    public void A_receipt_is_known_by_its_fiscal_sign(string text, string code) =>
        Assert.Equal(code, Refused(text).Code);

    [Theory]
    [InlineData("000201")]
    [InlineData("00020101")]
    [InlineData("000201010")]
    [InlineData("0002010102126304")]
    [InlineData("00020153039866304XXXX")]
    [InlineData("000201530398663040000 ...")]
    public void An_emv_code_that_is_not_whole_is_malformed(string text) =>
        Assert.Equal("qr_malformed", Refused(text).Code);

    [Fact]
    public void An_emv_code_in_roubles_is_still_not_ours()
    {
        var text = QrSamples.TextOf("emv-brl").Replace("5303986", "5303643", StringComparison.Ordinal)[..^4];
        text += $"{Crc16.Of(System.Text.Encoding.ASCII.GetBytes(text)):X4}";

        var refusal = Refused(text);

        Assert.Equal("qr_unsupported", refusal.Code);
        Assert.Equal("643", refusal.Details?["currency"]);
    }
}
