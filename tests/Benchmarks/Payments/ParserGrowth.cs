using System.Diagnostics;
using System.Globalization;
using ArdorQr.Payments.Domain.Qr;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>
/// The reader's time on texts ten times as long, of the kinds that make a careless reader look or copy again and again. A
/// linear reader takes ten times as long, a quadratic one a hundred times.
/// </summary>
internal static class ParserGrowth
{
    private const int Length = 200;
    private const int Times = 10; // 2,000 characters: just within what is read at all.
    private const double LongerAtMost = 15;
    private const int Rounds = 40;
    private const int BatchMilliseconds = 4;

    private const string Account = "|Name=ООО «Ромашка»|PersonalAcc=40702810798656462770|BankName=ПАО СБЕРБАНК|BIC=044525225|CorrespAcc=30101810400000000225";

    /// <summary>A start, and the part that is repeated; "#" becomes the part's number.</summary>
    private static readonly (string Name, string Start, string Part)[] Texts =
    [
        ("fields", $"ST00012{Account}|", "k#=v|"),
        ("purpose", $"ST00012{Account}|Purpose=", "д"),
        ("misdecoded", $"ST00011{Account}|Purpose=", "ä"),
        ("words", $"ST00013{Account}|Purpose=", "ж "),
        ("receipt", "t=20200101T0000&s=1.00&fn=1&i=1&", "k#=v&"),
        ("emv", "000201", "0002ab"),
        ("link", "https://", "a.@"),
        ("sbp", "https://qr.nspk.ru/AD10002028TVASRF4039SI1MG44GASKE?", "k#=v&"),
        ("schemes", "", "x://"),
    ];

    public static void Print()
    {
        foreach (var (name, start, part) in Texts)
        {
            var (shorter, longer) = (TextOf(start, part, Length), TextOf(start, part, Length * Times));
            var (first, second) = (double.MaxValue, double.MaxValue);
            for (var round = 0; round < Rounds; round++) // In turns: what disturbs one disturbs the other.
            {
                first = Math.Min(first, NanosecondsOf(shorter));
                second = Math.Min(second, NanosecondsOf(longer));
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: {Length} characters in {first:0} ns, {Length * Times} in {second:0} ns"));
            Figures.PrintAtMost($"parser-growth-{name}/{Times}-times-the-text", second / first, LongerAtMost);
        }
    }

    /// <summary>Of one reading, over a batch of them.</summary>
    private static double NanosecondsOf(string text)
    {
        var began = Stopwatch.GetTimestamp();
        var readings = 0;
        do
        {
            _ = QrReader.Read(text, QrTables.Shipped);
            readings++;
        }
        while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < BatchMilliseconds);
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / readings;
    }

    private static string TextOf(string start, string part, int length)
    {
        var parts = Enumerable.Range(0, length).Select(
            number => part.Replace("#", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        return string.Concat([start, .. parts])[..length];
    }
}
