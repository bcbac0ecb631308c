namespace ArdorQr.Payments.Domain.Qr;

/// <summary>The fields of a GOST code: Key=Value, parted by the separator that the code itself names.</summary>
internal static class BankTransferFields
{
    public const string Name = "Name";
    public const string PersonalAcc = "PersonalAcc";
    public const string BankName = "BankName";
    public const string Bic = "BIC";
    public const string CorrespAcc = "CorrespAcc";
    public const string Sum = "Sum";
    public const string Purpose = "Purpose";
    public const string PayeeInn = "PayeeINN";

    private static readonly string[] Required = [Name, PersonalAcc, BankName, Bic, CorrespAcc];

    /// <summary>
    /// Null if a part isn't Key=Value (a value that contains the separator looks so) or a key stands twice.
    /// One separator at the end is allowed.
    /// </summary>
    public static Dictionary<string, string>? Split(ReadOnlySpan<char> body, char separator)
    {
        if (body.Length > 0 && body[^1] == separator)
        {
            body = body[..^1];
        }

        var fields = new Dictionary<string, string>(body.Count(separator) + 1, StringComparer.Ordinal);
        foreach (var range in body.Split(separator))
        {
            var part = body[range];
            var equals = part.IndexOf('=');
            if (equals <= 0 || !fields.TryAdd(KeyOf(part[..equals]), part[(equals + 1)..].ToString()))
            {
                return null;
            }
        }

        return fields;
    }

    /// <summary>The first required field that is absent or blank, or null.</summary>
    public static string? FirstMissing(Dictionary<string, string> fields)
    {
        foreach (var key in Required)
        {
            if (OptionalOf(fields, key) is null)
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>The value, or null if the field is absent or blank.</summary>
    public static string? OptionalOf(Dictionary<string, string> fields, string key) =>
        fields.TryGetValue(key, out var value) && !string.IsNullOrWhiteSpace(value) ? value : null;

    /// <summary>The names that every code repeats are kept once.</summary>
    private static string KeyOf(ReadOnlySpan<char> key) => key switch
    {
        Name => Name,
        PersonalAcc => PersonalAcc,
        BankName => BankName,
        Bic => Bic,
        CorrespAcc => CorrespAcc,
        Sum => Sum,
        Purpose => Purpose,
        PayeeInn => PayeeInn,
        _ => key.ToString(),
    };
}
