using System.Text;
using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Payments.Tests.Qr;

/// <summary>Codes made for a test, with the checksum or the account keys that they need.</summary>
internal static class QrTexts
{
    public const string DynamicId = "AD10002028TVASRF4039SI1MG44GASKE";
    public const string StaticId = "AS1A002LMLCIF2TVKLU8LV3J4JCL2TVM";
    public const string Account = "40702810798656462770";
    public const string Bic = "044525225";
    public const string CorrespAccount = "30101810400000000225";

    /// <summary>An https link with the right checksum over the given id and parameters.</summary>
    public static string Sbp(string id, string parameters)
    {
        var guarded = $"https://qr.nspk.ru/{id}?{parameters}";
        return $"{guarded}&crc={Crc16.Of(Encoding.ASCII.GetBytes(guarded)):X4}";
    }

    /// <summary>A GOST code with a good account; "more" is further fields, each with its separator.</summary>
    public static string BankTransfer(
        string more = "",
        string header = "ST00012|",
        string name = "ООО «Ромашка»",
        string bankName = "ПАО СБЕРБАНК") =>
        $"{header}Name={name}|PersonalAcc={Account}|BankName={bankName}"
        + $"|BIC={Bic}|CorrespAcc={CorrespAccount}{more}";

    /// <summary>A GOST code that pays the state, whose accounts follow rules of their own.</summary>
    public static string Treasury(string header = "ST00012|") =>
        $"{header}Name=УФК по г. Москве|PersonalAcc=03100643000000017300|BankName=ГУ БАНКА РОССИИ ПО ЦФО"
        + "|BIC=004525988|CorrespAcc=40102810545370000003|Sum=100";

    public static QrCode Payable(string text) =>
        Assert.IsType<QrReading.Payable>(QrReader.Read(text, QrTables.Shipped)).Code;

    public static SbpQrCode PayableSbp(string text) => Assert.IsType<SbpQrCode>(Payable(text));

    public static BankTransferQrCode PayableTransfer(string text) => Assert.IsType<BankTransferQrCode>(Payable(text));

    public static QrRefusal Refused(string text) =>
        Assert.IsType<QrReading.Refused>(QrReader.Read(text, QrTables.Shipped)).Refusal;
}
