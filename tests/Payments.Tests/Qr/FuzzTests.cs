using System.Text;
using ArdorQr.FuzzQr;
using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Payments.Tests.Qr;

/// <summary>The short form of the command <c>tools/FuzzQr</c>, and what its readers rest on.</summary>
public sealed class FuzzTests
{
    private const int Iterations = 20_000;

    [Fact]
    public void A_second_naive_reader_agrees_on_mutated_samples()
    {
        var result = Fuzzing.Run(Iterations, Command.DefaultSeed);

        Assert.Empty(result.Differences);
        Assert.Empty(Fuzzing.SampleOutcomes.Except(result.Coverage.Keys));
    }

    [Fact]
    public void The_naive_reader_gives_the_samples_answers_too()
    {
        foreach (var sample in QrSamples.ById.Values)
        {
            var rendered = sample.Text is { } text ? NaiveReader.Read(text) : NaiveReader.Read(sample.Bytes!);
            Assert.StartsWith(sample.IsPayable ? "payable " : sample.Optional("code") + " ", rendered, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(1251)]
    [InlineData(1252)]
    [InlineData(20866)]
    public void A_code_page_knows_exactly_the_characters_of_its_encoding(int codePage)
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(
            codePage, new EncoderReplacementFallback(""), DecoderFallback.ExceptionFallback)!;
        var table = codePage switch { 1251 => CodePage.Windows1251, 1252 => CodePage.Windows1252, _ => CodePage.Koi8R };
        var given = new byte[1];
        for (var code = 0; code < 0xD800; code++)
        {
            var expected = encoding.GetBytes([(char)code]);

            Assert.Equal(expected.Length == 1, table.TryEncode([(char)code], given));
            Assert.True(expected.Length == 0 || expected[0] == given[0]);
        }
    }
}
