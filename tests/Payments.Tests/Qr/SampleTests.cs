using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Payments.Tests.Qr;

/// <summary>Every shared sample, one row each.</summary>
public sealed class SampleTests
{
    private const int SampleCount = 70;

    public static TheoryData<string> PayableIds => [.. QrSamples.Payable.Select(sample => sample.Id)];

    public static TheoryData<string> RefusedIds =>
        [.. QrSamples.ById.Values.Where(sample => !sample.IsPayable).Select(sample => sample.Id)];

    [Fact]
    public void All_the_samples_are_here() => Assert.Equal(SampleCount, QrSamples.ById.Count);

    [Theory]
    [MemberData(nameof(PayableIds))]
    public void A_payable_sample_is_read_as_it_says(string id)
    {
        var sample = QrSamples.ById[id];

        var code = Assert.IsType<QrReading.Payable>(Read(sample)).Code;

        Assert.Equal(sample.Optional("format"), code.Format);
        Assert.Equal("RUB", sample.Optional("currency"));
        Assert.Equal(ExpectedAmount(sample), code.Amount);
        Assert.Equal(ExpectedWarnings(sample), code.Warnings);
        switch (code)
        {
            case SbpQrCode sbp:
                AssertSbp(sample, sbp);
                break;
            case BankTransferQrCode transfer:
                AssertBankTransfer(sample, transfer);
                break;
            default:
                Assert.Fail($"An unexpected kind of code: {code.GetType().Name}.");
                break;
        }
    }

    [Theory]
    [MemberData(nameof(RefusedIds))]
    public void A_refused_sample_is_refused_with_its_code(string id)
    {
        var sample = QrSamples.ById[id];

        var refusal = Assert.IsType<QrReading.Refused>(Read(sample)).Refusal;

        Assert.Equal(sample.Optional("code"), refusal.Code);
        Assert.Contains(refusal.Message, character => character is >= 'а' and <= 'я');
        if (Noted(sample.Note, "details.format=") is { } format)
        {
            Assert.Equal(format, refusal.Details?["format"]);
        }

        if (Noted(sample.Note, "currency ") is { } currency)
        {
            Assert.Equal(currency, refusal.Details?["currency"]);
        }
    }

    private static QrReading Read(QrSample sample) => sample.Bytes is { } bytes
        ? QrReader.Read(bytes.AsSpan(), QrTables.Shipped)
        : QrReader.Read(sample.Text!, QrTables.Shipped);

    private static void AssertSbp(QrSample sample, SbpQrCode code)
    {
        Assert.Equal(sample.Optional("kind"), code.Kind == SbpKind.Dynamic ? "dynamic" : "static");
        Assert.Equal(sample.Optional("qrcId"), code.QrcId);
        Assert.Equal(sample.Optional("memberId"), code.MemberId);
        Assert.Equal(sample.Optional("merchantBank"), code.BankName);
        Assert.Equal(sample.Optional("checksum"), code.HasChecksum ? "ok" : "absent");
        Assert.Equal(code.Kind == SbpKind.Dynamic ? code.QrcId : null, code.SingleUseKey);
    }

    private static void AssertBankTransfer(QrSample sample, BankTransferQrCode code)
    {
        Assert.Equal(sample.Optional("payeeName") ?? code.PayeeName, code.PayeeName);
        Assert.Equal(sample.Optional("account"), code.Account);
        Assert.Equal(sample.Optional("bankBic"), code.Bic);
        Assert.Equal(sample.Optional("merchantBank") ?? code.BankName, code.BankName);
        Assert.Equal(sample.Optional("payeeInn"), code.PayeeInn);
        Assert.Equal(sample.Optional("purpose"), code.Purpose);
        Assert.Null(code.SingleUseKey);
    }

    private static Kopecks? ExpectedAmount(QrSample sample) =>
        sample.Expect.GetProperty("amountMinor") is { ValueKind: JsonValueKind.Number } amount
            ? new Kopecks(amount.GetInt64())
            : null;

    // The samples call a failed INN check by an older name; the contract's name for it is inn_check_failed.
    private static string[] ExpectedWarnings(QrSample sample) =>
        sample.Expect.TryGetProperty("warnings", out var warnings)
            ? [.. warnings.EnumerateArray().Select(w => w.GetString()!.Replace(
                "payee_inn_checksum", QrWarnings.InnCheckFailed, StringComparison.Ordinal))]
            : [];

    private static string? Noted(string note, string label)
    {
        var start = note.IndexOf(label, StringComparison.Ordinal);
        return start < 0 || !char.IsLetterOrDigit(note[start + label.Length])
            ? null
            : string.Concat(note[(start + label.Length)..].TakeWhile(c => char.IsLetterOrDigit(c) || c == '_'));
    }
}
