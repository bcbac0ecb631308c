using System.Text.Json;
using ArdorQr.Payments.Domain.Qr;
using CsCheck;

namespace ArdorQr.Payments.Tests.Qr;

/// <summary>What holds for every text, not only for the ones somebody thought of.</summary>
public sealed class QrPropertyTests
{
    private const int FuzzedTexts = 20_000;
    private const int FuzzSeed = 56042;

    private static readonly string[] Texts =
        [.. QrSamples.ById.Values.Where(sample => sample.Text is { Length: < 600 }).Select(sample => sample.Text!)];

    // What the formats are made of, so that a mutation is more often near a rule than far from all of them.
    private static readonly string[] Pieces =
    [
        "", "&", "=", "|", "?", "#", "/", "://", "@", "%", ";end", "#Intent;", "&crc=", "&sum=", "cur=RUB", "ST00012|",
        "000201", "6304", "0", "9", "\0", "\uFFFD", "\uD800", "\u0098", "\u00A0", "Ð", "Р", "ё", "Sum=", "Name=", "\n",
    ];

    private static readonly Gen<string> Sample = Gen.OneOf(Texts);

    private static readonly Gen<string> Mutated =
        Gen.Select(Sample, Gen.Int[0, 600], Gen.Int[0, 40], Gen.OneOf(Gen.OneOf(Pieces), Gen.String), Mutate);

    [Fact]
    public void A_mutated_sample_never_throws_and_whatever_is_payable_keeps_its_promises() =>
        Mutated.Sample(AssertPromises, iter: 2_000);

    /// <summary>The same texts on every run, up to four mutations deep.</summary>
    [Fact]
    public void Twenty_thousand_mutated_texts_of_a_fixed_seed_keep_the_promises_too()
    {
        var random = new Random(FuzzSeed);
        for (var i = 0; i < FuzzedTexts; i++)
        {
            var text = Texts[random.Next(Texts.Length)];
            for (var depth = random.Next(1, 5); depth > 0; depth--)
            {
                var inserted = random.Next(2) == 0
                    ? Pieces[random.Next(Pieces.Length)]
                    : ((char)random.Next(char.MaxValue + 1)).ToString();
                text = Mutate(text, random.Next(600), random.Next(4), inserted);
            }

            AssertPromises(text);
        }
    }

    [Fact]
    public void Bytes_of_any_kind_never_throw() =>
        Gen.Select(Sample, Gen.Byte.Array[0, 40], Gen.Int[0, 100]).Sample(
            (text, bytes, at) =>
            {
                var whole = System.Text.Encoding.UTF8.GetBytes(text);
                byte[] mutated = [.. whole.Take(at), .. bytes, .. whole.Skip(at)];
                Assert.NotNull(QrReader.Read(mutated.AsSpan(), QrTables.Shipped));
            },
            iter: 2_000);

    [Fact]
    public void Reading_is_deterministic() =>
        Mutated.Sample(text => Assert.Equal(Rendered(text), Rendered(text)), iter: 2_000);

    [Fact]
    public void An_sbp_code_is_the_same_in_every_spelling() =>
        Gen.Select(SbpText, Gen.Int[1, 999], Gen.OneOf(" ", "\n", "\t\r\n", "")).Sample((https, bank, blank) =>
        {
            var rest = https["https://".Length..];
            var expected = Rendered(https);

            Assert.Contains("CanonicalUrl", expected, StringComparison.Ordinal);
            Assert.Equal(expected, Rendered(blank + https + blank));
            Assert.Equal(expected, Rendered($"{blank}bank{bank + 100_000_000_000}://{rest}"));
            Assert.Equal(expected, Rendered($"intent://{rest}#Intent;scheme=bank{bank + 100_000_000_000};end{blank}"));
        });

    [Fact]
    public void The_canonical_url_reads_as_the_same_code() =>
        SbpText.Sample(https =>
        {
            var code = QrTexts.PayableSbp(https);
            Assert.Equal(Rendered(https), Rendered(code.CanonicalUrl));
        });

    private static Gen<string> SbpText { get; } =
        Gen.Select(
            Gen.OneOf("AS", "BS", "AD", "BD"),
            Gen.String[Gen.Char["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"], 30, 30],
            Gen.Long[1, 999_999_999_999_999_999],
            Gen.Bool,
            (prefix, rest, sum, isShort) => isShort
                ? $"https://qr.nspk.ru/{prefix}{rest}"
                : QrTexts.Sbp(
                    prefix + rest,
                    $"type={(prefix[1] == 'D' ? "02" : "01")}&bank=100000000111&sum={sum}&cur=RUB"));

    private static string Mutate(string text, int at, int removed, string inserted)
    {
        var start = at % (text.Length + 1);
        var length = Math.Min(removed, text.Length - start);
        return text.Remove(start, length).Insert(start, inserted);
    }

    private static void AssertPromises(string text)
    {
        if (QrReader.Read(text, QrTables.Shipped) is not QrReading.Payable { Code: var code })
        {
            return;
        }

        Assert.True(code.Amount is null or { Value: > 0 });
        switch (code)
        {
            case SbpQrCode sbp:
                Assert.Equal(32, sbp.QrcId.Length);
                Assert.StartsWith($"https://qr.nspk.ru/{sbp.QrcId}", sbp.CanonicalUrl, StringComparison.Ordinal);
                Assert.DoesNotContain(sbp.CanonicalUrl, character => character is < '!' or > '~');
                break;
            case BankTransferQrCode transfer:
                Assert.Equal(20, transfer.Account.Length);
                Assert.Equal(9, transfer.Bic.Length);
                Assert.Equal(20, transfer.CorrespAccount.Length);
                Assert.False(string.IsNullOrWhiteSpace(transfer.PayeeName));
                Assert.DoesNotContain(transfer.Fields.Values, value => value.Contains('\0', StringComparison.Ordinal));
                break;
        }
    }

    private static string Rendered(string text) => QrReader.Read(text, QrTables.Shipped) switch
    {
        QrReading.Payable { Code: var code } => JsonSerializer.Serialize<object>(code),
        QrReading.Refused { Refusal: var refusal } => JsonSerializer.Serialize(refusal),
        var other => throw new InvalidOperationException($"An unexpected reading: {other.GetType().Name}."),
    };
}
