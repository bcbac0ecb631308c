using System.Text.Json;

namespace ArdorQr.Gateway.Domain;

/// <summary>What one of two books says, or that it says nothing.</summary>
/// <param name="Book">Whose: ledger, deposits, payments, webhooks, rail, or a service's own check.</param>
/// <param name="State">What it says of the object; null when it has nothing of it.</param>
/// <param name="AmountMinor">In kopecks; null when it says none.</param>
internal sealed record BookSide(string Book, string? State, long? AmountMinor = null);

/// <summary>Two books that differ, or one that differs from itself.</summary>
/// <param name="Kind">Which difference it is, by a stable name.</param>
/// <param name="Ids">Of the objects that it is about, by what they are.</param>
/// <param name="Left">The one that was to be matched.</param>
/// <param name="Right">The one it was held against.</param>
internal sealed record Discrepancy(
    string Kind, IReadOnlyDictionary<string, string> Ids, BookSide Left, BookSide Right)
{
    /// <summary>Null when it isn't of one mode.</summary>
    public string? Mode { get; init; }

    /// <summary>Null when it isn't of one merchant, or the merchant isn't known.</summary>
    public Guid? MerchantId { get; init; }

    /// <summary>What a service's own check tells of it.</summary>
    public JsonElement? Details { get; init; }

    /// <summary>Ids by their names, those that are there.</summary>
    public static IReadOnlyDictionary<string, string> IdsOf(params IReadOnlyList<(string Name, Guid? Id)> ids) =>
        ids.Where(named => named.Id is not null).ToDictionary(named => named.Name, named => $"{named.Id}");
}
