namespace ArdorQr.Payments.Domain.Qr;

/// <summary>A Russian taxpayer's number: 10 digits for an organisation, 12 for a person, with check digits.</summary>
internal static class Inn
{
    // The first weight of a shorter row is the tail of the longest: one table serves all three check digits.
    private static ReadOnlySpan<int> Weights => [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

    public static bool IsWellFormed(string inn) =>
        AccountKey.IsAllDigits(inn, 10) || AccountKey.IsAllDigits(inn, 12);

    /// <summary>True if the check digits agree; <paramref name="inn"/> must be well-formed.</summary>
    public static bool HasValidCheckDigits(string inn) => inn.Length == 10
        ? CheckDigit(inn, 9) == inn[9]
        : CheckDigit(inn, 10) == inn[10] && CheckDigit(inn, 11) == inn[11];

    private static char CheckDigit(string inn, int position)
    {
        var weights = Weights[^position..];
        var sum = 0;
        for (var i = 0; i < position; i++)
        {
            sum += (inn[i] - '0') * weights[i];
        }

        return (char)('0' + (sum % 11 % 10));
    }
}
