using System.Collections.Concurrent;
using System.Net;

namespace ArdorQr.Webhooks.Clients;

/// <summary>
/// Asks the system's resolver, which blocks its thread for as long as a name server is silent. Each name has a thread
/// of its own for that: merchants' silent name servers must not hold the threads that everything else runs on. A name
/// is looked up as it is, never with the search domains of our network.
/// </summary>
internal sealed class SystemNames(Func<string, IPAddress[]> lookUp) : IDisposable
{
    private const int MaxLookUps = 512; // As many as there are attempts in flight, unless the setting says otherwise.

    private readonly ConcurrentDictionary<string, Lazy<Task<IPAddress[]>>> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _threads = new(MaxLookUps);

    /// <summary>Who asks for a name that is being looked up shares the answer.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">There is no such name, or no answer.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
        IPAddress.TryParse(host, out var literal)
            ? [literal]
            : await _running.GetOrAdd(host, name => new Lazy<Task<IPAddress[]>>(() => LookUpAsync(name)))
                .Value.WaitAsync(cancellationToken);

    public void Dispose() => _threads.Dispose();

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        await Task.Yield(); // So that what is removed below was added before.
        await _threads.WaitAsync();
        try
        {
            return await Task.Factory.StartNew(
                () => lookUp(Absolute(host)), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }
        finally
        {
            _running.TryRemove(host, out _);
            _threads.Release();
        }
    }

    /// <summary>With a dot at its end nothing is appended to a name; a name of one label stays as it is.</summary>
    private static string Absolute(string host) =>
        host.Contains('.', StringComparison.Ordinal) && !host.EndsWith('.') ? host + "." : host;
}
