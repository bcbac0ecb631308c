using System.Globalization;
using System.Text;
using ArdorQr.Contracts;

namespace ArdorQr.Sandbox.Domain;

/// <summary>Makes codes that have never been seen, as payees' banks do. Randomness comes from outside.</summary>
internal static class FreshCode
{
    private const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Member = "100000000111";
    private const string Bic = "044525225";
    private const string CorrespondentAccount = "30101810400000000225";
    private const int SbpIdLength = 32;
    private const int AccountKeyPosition = 8; // Counted from zero: the 9th digit of 20.

    /// <summary>Any random letters or digits from 0 to the exclusive bound.</summary>
    internal delegate int Draw(int exclusiveBound);

    /// <summary>A dynamic SBP code, paid once, with its sum.</summary>
    public static string Dynamic(Kopecks amount, Draw draw) => Sbp("AD10", "02", amount, draw);

    /// <summary>A static SBP code, with or without a sum.</summary>
    public static string Static(Kopecks? amount, Draw draw) => Sbp("AS10", "01", amount, draw);

    /// <summary>A bank transfer's code by GOST R 56042-2014, for a fresh account with a right key.</summary>
    public static string Transfer(Kopecks? amount, Draw draw)
    {
        var account = Account(draw);
        var sum = amount is { } value ? $"|Sum={value}" : "";
        return $"ST00012|Name=ООО «Ромашка»|PersonalAcc={account}|BankName=ПАО СБЕРБАНК|BIC={Bic}"
            + $"|CorrespAcc={CorrespondentAccount}{sum}|Purpose=Оплата заказа {draw(1_000_000_000)}";
    }

    private static string Sbp(string prefix, string type, Kopecks? amount, Draw draw)
    {
        var id = new StringBuilder(prefix, SbpIdLength);
        while (id.Length < SbpIdLength)
        {
            id.Append(Letters[draw(Letters.Length)]);
        }

        var sum = amount is { } value ? $"&sum={value}&cur=RUB" : "";
        var url = $"https://qr.nspk.ru/{id}?type={type}&bank={Member}{sum}";
        return $"{url}&crc={Crc16(url).ToString("X4", CultureInfo.InvariantCulture)}";
    }

    /// <summary>CRC-16/CCITT-FALSE: polynomial 1021, start FFFF, no reflection.</summary>
    private static ushort Crc16(string text)
    {
        const ushort polynomial = 0x1021;
        ushort crc = 0xFFFF;
        foreach (var character in Encoding.ASCII.GetBytes(text))
        {
            crc ^= (ushort)(character << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (ushort)((crc & 0x8000) != 0 ? (crc << 1) ^ polynomial : crc << 1);
            }
        }

        return crc;
    }

    private static string Account(Draw draw)
    {
        var digits = "40702810".Select(digit => digit - '0').Append(0).ToList();
        while (digits.Count < 20)
        {
            digits.Add(draw(10));
        }

        // Bank of Russia N 515: with the right key the weighted sum's last digit is 0; the key's own weight is 3 there.
        for (digits[AccountKeyPosition] = 0; WeightedSum(digits) % 10 != 0; digits[AccountKeyPosition]++)
        {
        }

        return string.Concat(digits);
    }

    private static int WeightedSum(List<int> account)
    {
        int[] weights = [7, 1, 3];
        var all = Bic[^3..].Select(digit => digit - '0').Concat(account);
        return all.Select((digit, index) => digit * weights[index % weights.Length] % 10).Sum();
    }
}
