using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace ArdorQr.Gateway.Database;

/// <summary>
/// A bounded map without locks: values live in a young generation and move to an old one when it is full, and what
/// nobody asked for since the last move is forgotten. It holds at most twice <paramref name="generationSize"/> values.
/// </summary>
internal sealed class GenerationCache<TKey, TValue>(int generationSize)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock _turning = new();
    private volatile ConcurrentDictionary<TKey, TValue> _young = [];
    private volatile ConcurrentDictionary<TKey, TValue> _old = [];
    private int _youngCount;

    public int Count => _young.Count + _old.Count;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
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

    /// <summary>The value, a new one when there is none; two at once may each make one, and one of them counts.</summary>
    public TValue GetOrAdd(TKey key, Func<TKey, TValue> make)
    {
        if (TryGet(key, out var value))
        {
            return value;
        }

        var made = make(key);
        if (_young.TryAdd(key, made))
        {
            Added();
            return made;
        }

        return TryGet(key, out value) ? value : made;
    }

    public void Set(TKey key, TValue value)
    {
        if (!_young.TryAdd(key, value))
        {
            _young[key] = value;
            return;
        }

        Added();
    }

    private void Added()
    {
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
                _young = [];
                Volatile.Write(ref _youngCount, 0);
            }
        }
    }
}
