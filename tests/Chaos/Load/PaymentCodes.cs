using System.Globalization;
using System.Text;

namespace ArdorQr.Chaos.Load;

/// <summary>Single-use SBP codes with their sum, as a shop's till would print them; the endings by weight.</summary>
internal static class PaymentCodes
{
    private const string IdCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const int IdLength = 28;
    private const int MaxRoubles = 500;

    /// <summary>
    /// What the test mode's rail is told to do, by the sum's last two digits, and how often of a hundred. What hangs
    /// and what waits for an operator is rare: it takes the rail's and the run's time.
    /// </summary>
    private static readonly (int Ending, int Weight)[] Endings =
    [
        (0, 45), (50, 10), (1, 7), (2, 3), (3, 3), (17, 3), (18, 3), (19, 3), (20, 2), (21, 2), (11, 4), (12, 3), (13, 5),
        (10, 2), (7, 1), (8, 1), (14, 1), (4, 1), (16, 1),
    ];

    public static long Amount(Random random)
    {
        var left = random.Next(Endings.Sum(ending => ending.Weight));
        var chosen = Endings.First(ending => (left -= ending.Weight) < 0).Ending;
        return (random.Next(1, MaxRoubles) * 100) + chosen;
    }

    public static string Fresh(Random random, long amountMinor)
    {
        var id = string.Concat(Enumerable.Range(0, IdLength).Select(_ => IdCharacters[random.Next(IdCharacters.Length)]));
        var guarded = string.Create(CultureInfo.InvariantCulture,
            $"https://qr.nspk.ru/AD10{id}?type=02&bank=100000000111&sum={amountMinor}&cur=RUB");
        return string.Create(CultureInfo.InvariantCulture, $"{guarded}&crc={Crc(guarded):X4}");
    }

    /// <summary>CRC-16/CCITT-FALSE, as the codes' standard has it.</summary>
    private static ushort Crc(string text)
    {
        ushort crc = 0xFFFF;
        foreach (var octet in Encoding.ASCII.GetBytes(text))
        {
            crc ^= (ushort)(octet << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (ushort)((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
            }
        }

        return crc;
    }
}
