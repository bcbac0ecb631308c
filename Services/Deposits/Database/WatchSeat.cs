namespace ArdorQr.Deposits.Database;

/// <summary>
/// The leadership that this process has over one mode's chain, as its watch keeps it, for those who work beside the
/// watch. Whoever writes with it is refused by the database once it is over.
/// </summary>
internal sealed class WatchSeat
{
    /// <summary>Null while another process leads.</summary>
    public Leadership? Leader { get; set; }
}
