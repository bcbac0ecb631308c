namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// The control key of a bank account against the bank's BIC (Bank of Russia, No. 515 of 08.09.1997): over three digits
/// of the BIC and the twenty of the account, weighted 7, 1, 3, the last digits of the products sum to a multiple of 10.
/// </summary>
internal static class AccountKey
{
    public const int AccountDigits = 20;
    public const int BicDigits = 9;

    private const int BranchNumber = 4;

    /// <summary>A client's account. Both arguments must be well-formed: 20 and 9 digits.</summary>
    public static bool FitsClient(ReadOnlySpan<char> account, ReadOnlySpan<char> bic) =>
        IsBankOfRussia(bic) ? FitsBranch(account, bic) : Fits(bic[^3..], account);

    /// <summary>A bank's correspondent account, which is kept at the Bank of Russia's branch.</summary>
    public static bool FitsCorrespondent(ReadOnlySpan<char> account, ReadOnlySpan<char> bic) =>
        FitsBranch(account, bic);

    public static bool IsAllDigits(ReadOnlySpan<char> text, int digits) =>
        text.Length == digits && !text.ContainsAnyExceptInRange('0', '9');

    // The Bank of Russia's own offices (RKC) end so; their clients' keys are counted from the branch's number.
    private static bool IsBankOfRussia(ReadOnlySpan<char> bic) => bic[^3..] is "000" or "001" or "002";

    private static bool FitsBranch(ReadOnlySpan<char> account, ReadOnlySpan<char> bic) =>
        Fits(['0', bic[BranchNumber], bic[BranchNumber + 1]], account);

    private static bool Fits(ReadOnlySpan<char> prefix, ReadOnlySpan<char> account)
    {
        ReadOnlySpan<int> weights = [7, 1, 3];
        var sum = 0;
        for (var i = 0; i < prefix.Length + account.Length; i++)
        {
            var digit = (i < prefix.Length ? prefix[i] : account[i - prefix.Length]) - '0';
            sum += digit * weights[i % weights.Length] % 10;
        }

        return sum % 10 == 0;
    }
}
