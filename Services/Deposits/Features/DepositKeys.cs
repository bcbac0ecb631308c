namespace ArdorQr.Deposits.Features;

/// <summary>The names of what deposits wait for.</summary>
internal static class DepositKeys
{
    /// <summary>Ledger's answer to DepositConfirmed.</summary>
    public static string Posted(Guid depositId) => $"deposit-posted:{depositId}";
}
