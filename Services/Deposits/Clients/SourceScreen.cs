using ArdorQr.Ton;

namespace ArdorQr.Deposits.Clients;

/// <summary>
/// Whether jettons from an address may be credited. Whoever screens by a service of his own registers another
/// implementation. An exception is no permission: the deposit waits and is screened again.
/// </summary>
internal interface ISourceScreen
{
    /// <param name="world">Which world's list counts.</param>
    /// <param name="source">The owner that the jettons came from; null for a mint.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<bool> IsWelcomeAsync(World world, TonAddress? source, CancellationToken cancellationToken);
}

/// <summary>
/// Screens by a list of addresses in a file, one a line in any form, <c>#</c> begins a comment. The file is read again
/// when it has changed.
/// </summary>
internal sealed class ListedSources : ISourceScreen
{
    private const int MaxBytes = 64 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (DateTime ChangedAt, IReadOnlySet<TonAddress> Addresses)> _files = [];

    public Task<bool> IsWelcomeAsync(World world, TonAddress? source, CancellationToken cancellationToken) =>
        Task.FromResult(world.Options.BlockedSourcesFile is not { } file
            || source is not { } address || !AddressesIn(file).Contains(address));

    /// <exception cref="IOException">The file isn't there or is too large.</exception>
    /// <exception cref="FormatException">A line is no address; it is named by its number.</exception>
    public static IReadOnlySet<TonAddress> Read(string file)
    {
        if (new FileInfo(file).Length > MaxBytes)
        {
            throw new IOException($"{file} has more than {MaxBytes} bytes.");
        }

        var addresses = new HashSet<TonAddress>();
        foreach (var (index, line) in File.ReadLines(file).Index())
        {
            var text = line.Split('#')[0].Trim();
            if (text.Length > 0)
            {
                addresses.Add(TonAddress.TryParse(text, out var address)
                    ? address
                    : throw new FormatException($"{file}, line {index + 1}: no TON address."));
            }
        }

        return addresses;
    }

    private IReadOnlySet<TonAddress> AddressesIn(string file)
    {
        lock (_lock)
        {
            var changedAt = File.GetLastWriteTimeUtc(file);
            if (!_files.TryGetValue(file, out var known) || known.ChangedAt != changedAt)
            {
                _files[file] = known = (changedAt, Read(file));
            }

            return known.Addresses;
        }
    }
}
