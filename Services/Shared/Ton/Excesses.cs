namespace ArdorQr.Ton;

/// <summary>excesses: the value a transfer didn't use returns.</summary>
/// <param name="QueryId">The number of the transfer.</param>
public sealed record Excesses(ulong QueryId);
