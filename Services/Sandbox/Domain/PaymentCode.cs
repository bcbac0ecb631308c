using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;

namespace ArdorQr.Sandbox.Domain;

/// <summary>
/// A code as the sandbox's rail reads it: for whom and how much. The outside world has a reader of its own; it believes
/// what it is shown and checks less than a payer must.
/// </summary>
/// <param name="Key">Names the code in all its spellings.</param>
/// <param name="Kind">dynamic or static; null for a bank transfer's.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Amount">The code's sum, or null when it has none.</param>
internal sealed record PaymentCode(string Key, string? Kind, CodePayee Payee, Kopecks? Amount)
{
    private const string Host = "qr.nspk.ru/";
    private const int SbpIdLength = 32;
    private const int SumlessMaxRoubles = 5_000;

    private static readonly string[] Payees =
        ["ООО «Ромашка»", "ООО «Василёк»", "АО «Северный ветер»", "ООО «Лавка у дома»", "ИП Кузнецова Мария Петровна"];

    private static readonly Dictionary<string, string> Banks = new()
    {
        ["100000000111"] = "Сбербанк",
        ["100000000004"] = "Т-Банк",
        ["100000000005"] = "Банк ВТБ",
        ["100000000008"] = "АЛЬФА-БАНК",
        ["100000000001"] = "Газпромбанк",
    };

    public bool IsSingleUse => Kind == "dynamic";

    /// <summary>Null for what the rail doesn't know.</summary>
    public static PaymentCode? Read(string text)
    {
        text = text.Trim();
        return text.StartsWith("ST0001", StringComparison.Ordinal) ? ReadTransfer(text) : ReadSbp(text);
    }

    private static PaymentCode? ReadSbp(string text)
    {
        var start = text.IndexOf(Host, StringComparison.OrdinalIgnoreCase);
        if (start < 0 || text.Length < start + Host.Length + SbpIdLength)
        {
            return null;
        }

        var id = text.Substring(start + Host.Length, SbpIdLength);
        var query = text[(start + Host.Length + SbpIdLength)..].Split('#')[0].TrimStart('?').Split('&')
            .Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .GroupBy(part => part[0]).ToDictionary(group => group.Key, group => group.First()[1]);
        var kind = id[1] switch { 'D' => "dynamic", 'S' => "static", _ => null };
        if (kind is null || !id.All(char.IsAsciiLetterOrDigit))
        {
            return null;
        }

        var bank = Banks.GetValueOrDefault(query.GetValueOrDefault("bank") ?? "") ?? "Сбербанк";
        return new PaymentCode(id, kind, new CodePayee(PayeeOf(id), bank, null), AmountOf(query.GetValueOrDefault("sum")) ?? SumOf(id, kind));
    }

    private static PaymentCode? ReadTransfer(string text)
    {
        if (text.Length < 8)
        {
            return null;
        }

        var fields = text[8..].Split(text[7]).Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .GroupBy(part => part[0]).ToDictionary(group => group.Key, group => group.First()[1]);
        return fields.TryGetValue("Name", out var name) && fields.TryGetValue("BankName", out var bank)
            ? new PaymentCode(Digest(text), null, new CodePayee(name, bank, fields.GetValueOrDefault("PayeeINN")), AmountOf(fields.GetValueOrDefault("Sum")))
            : null;
    }

    private static Kopecks? AmountOf(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? new Kopecks(value) : null;

    /// <summary>The sum that the rail names for a dynamic code without one: fixed by its id, whole roubles.</summary>
    private static Kopecks? SumOf(string id, string kind) =>
        kind == "dynamic" ? new Kopecks((1 + (Number(id) % SumlessMaxRoubles)) * 100) : null;

    private static string PayeeOf(string id) => Payees[(int)(Number(id) % (uint)Payees.Length)];

    private static uint Number(string id) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>Who is paid.</summary>
internal sealed record CodePayee(string Name, string Bank, string? Inn);
