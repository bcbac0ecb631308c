using System.Globalization;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.ServiceDefaults.Http;

/// <summary>
/// A page of one of a service's books, for the reconciliation across services: rows in the order of their ids, which are
/// UUIDs of version 7 and so tell their time. Rows are found again by their ids, a page of them at most.
/// </summary>
public static class BookQuery
{
    /// <summary>Of one page, and of ids asked for at once.</summary>
    public const int MaxRows = 1_000;

    /// <summary>A page.</summary>
    /// <param name="Rows">In the order of their ids, at most <see cref="MaxRows"/>.</param>
    /// <param name="Next">What to ask for as <c>after</c>; null when this was the last page.</param>
    public sealed record Page<T>(IReadOnlyList<T> Rows, Guid? Next);

    /// <summary>Which ids are asked for: those after one and before the other, neither included.</summary>
    public sealed record Range(Guid After, Guid Before);

    /// <summary>
    /// Which older ones are asked for: with ids after one and before the other, that are open still, or have ended at or
    /// after a time.
    /// </summary>
    public sealed record Late(Guid After, Guid Before, DateTimeOffset ChangedFrom);

    /// <summary>Ids of rows.</summary>
    public sealed record Ids(IReadOnlyList<Guid> Values);

    /// <summary><c>after</c> and <c>before</c>, both needed.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public static Range RangeOf(HttpRequest request) => new(
        ListQuery.Id($"{request.Query["after"]}", "after"), ListQuery.Id($"{request.Query["before"]}", "before"));

    /// <summary><c>after</c>, <c>before</c> and <c>changedFrom</c>, all needed.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public static Late LateOf(HttpRequest request)
    {
        var range = RangeOf(request);
        return new Late(range.After, range.Before, ListQuery.Time($"{request.Query["changedFrom"]}", "changedFrom"));
    }

    /// <summary><c>from</c> and <c>to</c>, both needed, as UTC.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public static (DateTimeOffset From, DateTimeOffset To) TimesOf(HttpRequest request) => (
        ListQuery.Time($"{request.Query["from"]}", "from"), ListQuery.Time($"{request.Query["to"]}", "to"));

    /// <summary>The ids of a body, 1 to <see cref="MaxRows"/>.</summary>
    /// <exception cref="RejectedException">As <see cref="JsonBody.ReadAsync{T}"/>.</exception>
    public static async Task<Guid[]> IdsOfAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var ids = (await JsonBody.ReadAsync<Ids>(context, cancellationToken)).Values;
        return ids is { Count: >= 1 and <= MaxRows }
            ? [.. ids]
            : throw new RejectedException(CommonErrors.ValidationFailed(
                "values", string.Create(CultureInfo.InvariantCulture, $"Поле values — от 1 до {MaxRows} UUID.")));
    }

    /// <summary>The page that these rows are.</summary>
    public static Page<T> PageOf<T>(IEnumerable<T> rows, Func<T, Guid> id)
    {
        List<T> page = [.. rows];
        return new Page<T>(page, page.Count == MaxRows ? id(page[^1]) : null);
    }

    /// <summary>The least id that could have been given at this time.</summary>
    public static Guid FirstIdAt(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)time.ToUnixTimeMilliseconds() << 16);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>When an id of version 7 was given.</summary>
    public static DateTimeOffset TimeOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return DateTimeOffset.FromUnixTimeMilliseconds(
            (long)(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16));
    }
}
