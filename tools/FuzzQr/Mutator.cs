using System.Globalization;
using System.Text;

namespace ArdorQr.FuzzQr;

/// <summary>
/// Makes codes near the samples: pieces changed, moved and mixed, texts decoded wrongly, and checksums and account keys
/// set right again, so that the rules behind them are reached too.
/// </summary>
internal sealed class Mutator(IReadOnlyList<string> samples, Random random)
{
    private const int MaxDepth = 4;
    private const int MaxPiece = 40;
    private const int MaxCharacters = 6_000;

    // What the formats are made of, so that a mutation is more often near a rule than far from all of them.
    private static readonly string[] Pieces =
    [
        "", "&", "=", "|", "?", "#", "/", "://", "@", "%", ";end", "#Intent;", "&crc=", "&sum=", "cur=RUB", "cur=USD", "type=01",
        "type=02", "type=03", "bank=100000000004", "ST00012|", "ST00011", "ST00013", "ST0002", "000201", "6304", "5303643", "0", "9",
        "\0", "\uFFFD", "\uD800", "\uD83D\uDE00", "\u0098", "\u00A0", "\u0085", "\u212A", "\u0130", "Ð", "Р", "ё", "№", "«",
        "|Sum=1", "|Sum=0", "|PayeeINN=7707083893", "|PayeeINN=1", "|Purpose=Оплата", "Name=", "BIC=044525000", "\n", "\t", " ",
        "intent://", "bank1://", "https://", "sub.nspk.ru/", "qr.nspk.ru/", "AS10", "BD10", "AB10", "t=&s=&fn=&i=&fp=", "BCD\n", "ton://transfer/", "https://lknpd.nalog.ru/",
    ];

    private static readonly Encoding Windows1251 = CodePagesEncodingProvider.Instance.GetEncoding(1251)!;
    private static readonly Encoding Koi8R = CodePagesEncodingProvider.Instance.GetEncoding(20866)!;

    private static readonly (Encoding Printed, Encoding Read)[] Misdecodings =
    [
        (Windows1251, Encoding.Latin1), (Encoding.UTF8, Windows1251), (Koi8R, Windows1251), (Encoding.UTF8, Encoding.Latin1),
        (Windows1251, Koi8R),
    ];

    public FuzzedCode Next()
    {
        var text = Sample();
        for (var depth = random.Next(0, MaxDepth + 1); depth > 0; depth--)
        {
            text = Mutate(text);
        }

        if (text.Length > MaxCharacters)
        {
            text = text[..MaxCharacters];
        }

        return random.Next(10) == 0 ? new FuzzedCode("", BytesOf(text)) : new FuzzedCode(text, null);
    }

    private string Sample() => samples[random.Next(samples.Count)];

    private string Mutate(string text)
    {
        var at = random.Next(text.Length + 1);
        var length = Math.Min(random.Next(4), text.Length - at);
        return random.Next(14) switch
        {
            0 or 1 => text.Remove(at, length).Insert(at, Pieces[random.Next(Pieces.Length)]),
            2 => text.Insert(at, ((char)random.Next(char.MaxValue + 1)).ToString()),
            3 => text.Insert(at, ((char)random.Next(' ', '~' + 1)).ToString()),
            4 => text.Remove(at, Math.Min(random.Next(MaxPiece), text.Length - at)),
            5 => text.Insert(at, text.Substring(at, Math.Min(random.Next(MaxPiece), text.Length - at))),
            6 => text.Insert(at, PieceOf(Sample())),
            7 => CutInto(text, at),
            8 => text[..at] + (random.Next(2) == 0 ? text[at..].ToUpperInvariant() : text[at..].ToLowerInvariant()),
            9 => Misdecode(text),
            10 => text.Length > 6 ? text[..6] + (char)random.Next('0', '5') + text[7..] : text,
            11 => ChangeDigit(text, at),
            _ => SetRight(text),
        };
    }

    private string PieceOf(string sample) => sample[..Math.Min(random.Next(MaxPiece), sample.Length)];

    private string CutInto(string text, int at)
    {
        var other = Sample();
        return text[..at] + other[Math.Min(at, other.Length)..];
    }

    private string Misdecode(string text)
    {
        var (printed, read) = Misdecodings[random.Next(Misdecodings.Length)];
        return read.GetString(printed.GetBytes(text));
    }

    private string ChangeDigit(string text, int at)
    {
        var digit = text.AsSpan(at).IndexOfAnyInRange('0', '9');
        return digit < 0 ? text : $"{text[..(at + digit)]}{random.Next(10)}{text[(at + digit + 1)..]}";
    }

    /// <summary>A checksum or an account's key that fits what the mutations have made.</summary>
    private static string SetRight(string text)
    {
        var checksum = text.IndexOf("&crc=", StringComparison.Ordinal);
        var host = text.IndexOf("nspk.ru/", StringComparison.OrdinalIgnoreCase);
        if (checksum >= 0 && host >= 0 && host + 8 <= checksum)
        {
            var guarded = $"https://qr.nspk.ru/{text[(host + 8)..checksum]}";
            var rest = text.IndexOf('#', checksum);
            return string.Create(CultureInfo.InvariantCulture,
                $"{text[..checksum]}&crc={NaiveText.Crc16(guarded):X4}{(rest < 0 ? "" : text[rest..])}");
        }

        return SetAccount(text);
    }

    private static string SetAccount(string text)
    {
        var account = text.IndexOf("PersonalAcc=", StringComparison.Ordinal) + "PersonalAcc=".Length;
        var bic = text.IndexOf("BIC=", StringComparison.Ordinal) + "BIC=".Length;
        if (account < "PersonalAcc=".Length || bic < "BIC=".Length || account + 20 > text.Length || bic + 9 > text.Length)
        {
            return text;
        }

        for (var key = '0'; key <= '9'; key++)
        {
            var changed = text.Remove(account + 8, 1).Insert(account + 8, key.ToString());
            if (NaiveTransfer.FitsClient(changed.Substring(account, 20), changed.Substring(bic, 9)))
            {
                return changed;
            }
        }

        return text;
    }

    private byte[] BytesOf(string text)
    {
        var encoding = random.Next(3) switch
        {
            0 => Windows1251,
            1 => Koi8R,
            _ => Encoding.UTF8,
        };
        var bytes = encoding.GetBytes(text);
        if (bytes.Length > 0 && random.Next(2) == 0)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }
}
