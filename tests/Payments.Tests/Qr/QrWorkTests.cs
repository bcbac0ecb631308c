using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Payments.Tests.Qr;

/// <summary>
/// The reader's work by what it allocates, which no other load of the machine changes: a text twice as long, of the
/// kinds that make a careless reader copy or look up again and again, costs at most twice as much.
/// </summary>
public sealed class QrWorkTests
{
    private const int FirstLength = 250;
    private const int LastLength = 2_000;
    private const int Readings = 5;

    /// <summary>For the parts that a text of any length has, such as tables that grow in steps.</summary>
    private const double Slack = 1.25;

    public static TheoryData<string, string> Texts => new()
    {
        { QrTexts.BankTransfer("|"), "k#=v|" }, // Ever more fields.
        { QrTexts.BankTransfer("|Purpose="), "д" },
        { QrTexts.BankTransfer(header: "ST00011|", more: "|Purpose="), "ä" }, // As if mis-decoded.
        { QrTexts.BankTransfer(header: "ST00013|", more: "|Purpose="), "ж " },
        { "t=20200101T0000&s=1.00&fn=1&i=1&", "k#=v&" }, // Nearly a receipt.
        { "000201", "0002ab" }, // EMVCo, field by field.
        { "https://", "a.@" },
        { "https://qr.nspk.ru/AD10002028TVASRF4039SI1MG44GASKE?", "k#=v&" },
        { "", "x://" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_text_twice_as_long_costs_at_most_twice_as_much(string start, string part)
    {
        for (var length = FirstLength; length < LastLength; length *= 2)
        {
            var (cost, twice) = (CostOf(TextOf(start, part, length)), CostOf(TextOf(start, part, 2 * length)));

            Assert.True(twice <= 2 * Slack * Math.Max(cost, length), $"{length} characters: {cost} bytes, twice as many: {twice}");
        }
    }

    /// <summary>The least of a few readings: what is made once, such as a longer buffer that is kept, isn't the text's.</summary>
    private static long CostOf(string text)
    {
        var least = long.MaxValue;
        for (var reading = 0; reading < Readings; reading++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = QrReader.Read(text, QrTables.Shipped);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static string TextOf(string start, string part, int length)
    {
        var parts = Enumerable.Range(0, length).Select(number => part.Replace("#", $"{number}", StringComparison.Ordinal));
        return string.Concat([start, .. parts])[..length];
    }
}
