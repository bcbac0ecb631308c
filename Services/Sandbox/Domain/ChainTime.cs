namespace ArdorQr.Sandbox.Domain;

/// <summary>
/// The sandbox chain's clock: one masterchain block a second since genesis. A transfer goes into the block after the
/// one that is being seen, and shows up with it.
/// </summary>
internal static class ChainTime
{
    /// <summary>The number of the genesis block; far from zero, as on real networks.</summary>
    public const long FirstSeqno = 50_000_000;

    /// <summary>The same for SQL: a constant text can't be made of a number.</summary>
    public const string FirstSeqnoSql = "50000000";

    /// <summary>Logical times that belong to one block.</summary>
    public const long LtPerBlock = 100_000_000;

    /// <summary>Logical times between two transactions of one transfer.</summary>
    public const long LtPerTransaction = 1_000;

    /// <summary>Logical times that one transfer takes up.</summary>
    public const long LtPerTransfer = 10 * LtPerTransaction;

    public static long StartLt(long seqno) => (seqno - FirstSeqno) * LtPerBlock;

    public static long EndLt(long seqno) => StartLt(seqno + 1) - 1;
}
