using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace ArdorQr.Gateway.Database;

/// <summary>
/// A bounded map without locks: values live in a young generation and move to an old one when it is full, and what
/// nobody asked for since the last move is forgotten. It holds at most twice <paramref name="generationSize"/> values.
/// </summary>
internal sealed class GenerationCache<TValue>(int generationSize)
    where TValue : class
{
    private readonly Lock _turning = new();
    private volatile ConcurrentDictionary<string, TValue> _young = new(StringComparer.Ordinal);
    private volatile ConcurrentDictionary<string, TValue> _old = new(StringComparer.Ordinal);
    private int _youngCount;

    public int Count => _young.Count + _old.Count;

    public bool TryGet(string key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_young.TryGetValue(key, out value))
        {
            return true;
        }

        if (!_old.TryGetValue(key, out value))
        {
            return false;
        }

        Set(key, value);
        return true;
    }

    public void Set(string key, TValue value)
    {
        if (!_young.TryAdd(key, value))
        {
            _young[key] = value;
            return;
        }

        // The count is kept by hand: ConcurrentDictionary's own takes every lock of it.
        if (Interlocked.Increment(ref _youngCount) >= generationSize)
        {
            Turn();
        }
    }

    private void Turn()
    {
        lock (_turning)
        {
            if (Volatile.Read(ref _youngCount) >= generationSize)
            {
                _old = _young;
                _young = new(StringComparer.Ordinal);
                Volatile.Write(ref _youngCount, 0);
            }
        }
    }
}
