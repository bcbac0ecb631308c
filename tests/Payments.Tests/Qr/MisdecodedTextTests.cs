using System.Text;
using ArdorQr.Payments.Domain.Qr;
using static ArdorQr.Payments.Tests.Qr.QrTexts;

namespace ArdorQr.Payments.Tests.Qr;

public sealed class MisdecodedTextTests
{
    private const string Purpose = "|Purpose=Оплата по счёту 5 от 01.11.2026, в т.ч. НДС";

    public static TheoryData<string, string> Names => new()
    {
        { "ООО Ромашка", "ПАО СБЕРБАНК" },
        { "АО Ёлка", "Банк ГПБ (АО)" },
        { "Сидорова Анна Ивановна", "АО ТБанк" },
        { "ИП Щукин Ю.Ю.", "АО АЛЬФА-БАНК" },
        { "ООО ЮФЦ", "Банк ВТБ (ПАО)" },
        { "ОБРАЗЕЦ", "АО Райффайзенбанк" },
        { "Ромашка", "Точка" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Windows_1251_read_as_latin_1_is_restored(string name, string bank) =>
        AssertRestored(QrEncodings.Windows1251, Encoding.Latin1, "ST00011|", $"{name} «№ 1»", bank);

    [Theory]
    [MemberData(nameof(Names))]
    public void Windows_1251_read_as_windows_1252_is_restored(string name, string bank) =>
        AssertRestored(QrEncodings.Windows1251, QrEncodings.Windows1252, "ST00011|", $"{name} – «№ 1»…", bank);

    [Theory]
    [MemberData(nameof(Names))]
    public void Utf_8_read_as_windows_1251_is_restored(string name, string bank) =>
        AssertRestored(QrEncodings.Utf8, QrEncodings.Windows1251, "ST00012|", $"{name} – «№ 1» И", bank);

    [Theory]
    [MemberData(nameof(Names))]
    public void Koi8_r_read_as_windows_1251_is_restored(string name, string bank) =>
        AssertRestored(QrEncodings.Koi8R, QrEncodings.Windows1251, "ST00013|", name, bank);

    [Theory]
    [MemberData(nameof(Names))]
    public void Text_that_was_decoded_well_is_left_alone_whatever_the_code_declares(string name, string bank)
    {
        foreach (var header in new[] { "ST00011|", "ST00012|", "ST00013|" })
        {
            AssertRead(BankTransfer(Purpose, header, name, bank), name, bank);
            AssertRead(BankTransfer("", header, name, bank), name, bank);
        }
    }

    [Fact]
    public void A_sign_that_koi8_r_lacks_shows_that_the_text_was_decoded_well() =>
        AssertRead(BankTransfer("", "ST00013|", "еДА №1", "SBER"), "еДА №1", "SBER");

    [Fact]
    public void An_account_whose_key_proves_nothing_is_no_ground_for_a_repair()
    {
        var treasury = Treasury("ST00011|");
        var code = PayableTransfer(Garble(treasury, QrEncodings.Windows1251, Encoding.Latin1));
        Assert.DoesNotContain(code.PayeeName, character => character is >= 'А' and <= 'я');
    }

    [Theory]
    [InlineData("Müller GmbH")]
    [InlineData("Société Générale")]
    [InlineData("Café à Paris")]
    [InlineData("Ærø A/S")]
    public void A_western_name_is_not_taken_for_mis_decoded_cyrillic(string name)
    {
        foreach (var header in new[] { "ST00011|", "ST00012|", "ST00013|" })
        {
            AssertRead(BankTransfer("", header, name, "DEUTSCHE BANK"), name, "DEUTSCHE BANK");
        }
    }

    [Fact]
    public void A_text_is_repaired_only_by_the_encoding_that_it_declares()
    {
        const string latin1 = "ÎÎÎ Ðîìàøêà";
        AssertRead(BankTransfer(header: "ST00012|", name: latin1, bankName: "SBER"), latin1, "SBER");
    }

    [Fact]
    public void A_wrong_account_key_is_never_repaired_over()
    {
        var garbled = Garble(BankTransfer(header: "ST00011|"), QrEncodings.Windows1251, Encoding.Latin1);
        var wrongKey = garbled.Replace(Account, "40702810698656462770", StringComparison.Ordinal);
        Assert.Equal("qr_account_invalid", Refused(wrongKey).Code);
    }

    [Fact]
    public void A_name_is_measured_after_the_repair()
    {
        var name = new string('Я', 160);
        AssertRestored(QrEncodings.Utf8, QrEncodings.Windows1251, "ST00012|", name, "АО ТБанк");
    }

    [Fact]
    public void A_last_letter_of_which_one_half_looks_like_a_blank_survives()
    {
        var text = BankTransfer("|Purpose=СБОР");
        var code = PayableTransfer(Garble(text, QrEncodings.Utf8, QrEncodings.Windows1251) + "\n");
        Assert.Equal("СБОР", code.Purpose);
    }

    [Theory]
    [InlineData("ST00011|", 1251)]
    [InlineData("ST00013|", 20866)]
    [InlineData("ST00012|", 65001)]
    public void Raw_bytes_are_read_by_the_encoding_they_declare(string header, int codePage)
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.UTF8;
        var bytes = encoding.GetBytes(BankTransfer(header: header, name: "ООО Ромашка"));

        var reading = QrReader.Read(bytes.AsSpan(), QrTables.Shipped);

        var code = Assert.IsType<BankTransferQrCode>(Assert.IsType<QrReading.Payable>(reading).Code);
        Assert.Equal("ООО Ромашка", code.PayeeName);
    }

    [Fact]
    public void Raw_bytes_that_are_not_the_utf_8_they_declare_are_refused()
    {
        var bytes = QrEncodings.Windows1251.GetBytes(BankTransfer(header: "ST00012|"));
        var reading = QrReader.Read(bytes.AsSpan(), QrTables.Shipped);
        Assert.Equal("qr_encoding_invalid", Assert.IsType<QrReading.Refused>(reading).Refusal.Code);
    }

    private static void AssertRestored(Encoding printed, Encoding mistaken, string header, string name, string bank)
    {
        var text = BankTransfer(Purpose, header, name, bank);
        var garbled = Garble(text, printed, mistaken);
        Assert.NotEqual(text, garbled);
        AssertRead(garbled, name, bank);
    }

    private static void AssertRead(string text, string name, string bank)
    {
        var code = PayableTransfer(text);
        Assert.Equal(name, code.PayeeName);
        Assert.Equal(bank, code.BankName);
        Assert.Empty(code.Warnings);
    }

    private static string Garble(string text, Encoding printed, Encoding mistaken) =>
        mistaken.GetString(printed.GetBytes(text));
}
