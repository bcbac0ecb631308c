namespace ArdorQr.Payments.Domain.Qr;

/// <summary>The judgement on the payee's account, the BIC and the correspondent account together.</summary>
/// <param name="Refusal">What is wrong with them, or null.</param>
/// <param name="IsKeyProven">True if the keys hold; a treasury account's key has no public rule.</param>
internal readonly record struct BankTransferAccount(QrRefusal? Refusal, bool IsKeyProven)
{
    private const string Roubles = "810";
    private const string TreasuryRoubles = "643";
    private const string TreasurySingleAccount = "40102";
    private static readonly Range Currency = 5..8;

    public static BankTransferAccount Check(
        ReadOnlySpan<char> account, ReadOnlySpan<char> bic, ReadOnlySpan<char> correspondent)
    {
        if (!AccountKey.IsAllDigits(bic, AccountKey.BicDigits))
        {
            return new(QrRefusals.BicInvalid, false);
        }

        if (!AccountKey.IsAllDigits(account, AccountKey.AccountDigits))
        {
            return new(QrRefusals.AccountInvalid, false);
        }

        if (!AccountKey.IsAllDigits(correspondent, AccountKey.AccountDigits) || correspondent[Currency] is not Roubles)
        {
            return new(QrRefusals.CorrespAccountInvalid, false);
        }

        var isTreasury = account[0] == '0' && correspondent.StartsWith(TreasurySingleAccount);
        if (!account[Currency].SequenceEqual(isTreasury ? TreasuryRoubles : Roubles))
        {
            return new(QrRefusals.CurrencyUnsupported(BankTransferQrCode.FormatName), false);
        }

        return isTreasury ? new(null, false) : CheckKeys(account, bic, correspondent);
    }

    private static BankTransferAccount CheckKeys(
        ReadOnlySpan<char> account, ReadOnlySpan<char> bic, ReadOnlySpan<char> correspondent)
    {
        if (!AccountKey.FitsClient(account, bic))
        {
            return new(QrRefusals.AccountInvalid, false);
        }

        return AccountKey.FitsCorrespondent(correspondent, bic)
            ? new(null, true)
            : new(QrRefusals.CorrespAccountInvalid, false);
    }
}
