using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// What reading a code needs to know of the world: the names of banks by their member id in SBP, and by BIC where they
/// are to be shown otherwise than the codes print them.
/// </summary>
internal sealed class QrTables
{
    private const string ShippedResource = "sbp-members.json";
    private const string NoBanks = """{"banks":[]}""";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly Lazy<QrTables> LazyShipped = new(static () => new QrTables(ShippedMembers, NoBanks));

    private readonly FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _byMemberId;
    private readonly FrozenDictionary<string, string> _byBic;

    /// <param name="sbpMembersJson"><c>{"members":[{"memberId":"12 digits","name":"…"}]}</c></param>
    /// <param name="banksJson"><c>{"banks":[{"bic":"9 digits","name":"…"}]}</c></param>
    /// <exception cref="FormatException">A text isn't such a table, or names one bank twice.</exception>
    public QrTables(string sbpMembersJson, string banksJson = NoBanks)
    {
        var members = Read<Members>(sbpMembersJson, "SBP members")?.List
            ?? throw new FormatException("The table of SBP members has no \"members\".");
        var banks = Read<Banks>(banksJson, "banks")?.List
            ?? throw new FormatException("The table of banks has no \"banks\".");
        _byMemberId = TableOf(members.Select(member => (member?.MemberId, member?.Name)), SbpReader.MemberIdDigits)
            .GetAlternateLookup<ReadOnlySpan<char>>();
        _byBic = TableOf(banks.Select(bank => (bank?.Bic, bank?.Name)), AccountKey.BicDigits);
    }

    /// <summary>The tables that the service brings along; none by BIC, for a code names its bank itself.</summary>
    public static QrTables Shipped => LazyShipped.Value;

    private static string ShippedMembers
    {
        get
        {
            using var stream = typeof(QrTables).Assembly.GetManifestResourceStream(ShippedResource)
                ?? throw new InvalidOperationException($"The resource {ShippedResource} is missing from the assembly.");
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
    }

    /// <summary>Tables from texts; null stands for the one that the service brings along.</summary>
    /// <exception cref="FormatException">A text isn't such a table, or names one bank twice.</exception>
    public static QrTables Of(string? sbpMembersJson, string? banksJson) =>
        sbpMembersJson is null && banksJson is null
            ? Shipped
            : new QrTables(sbpMembersJson ?? ShippedMembers, banksJson ?? NoBanks);

    public string? BankNameOf(ReadOnlySpan<char> memberId) =>
        _byMemberId.TryGetValue(memberId, out var name) ? name : null;

    public string? BankNameOfBic(string bic) => _byBic.GetValueOrDefault(bic);

    private static FrozenDictionary<string, string> TableOf(
        IEnumerable<(string? Id, string? Name)> rows, int idDigits)
    {
        var table = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (id, name) in rows)
        {
            if (!AccountKey.IsAllDigits(id, idDigits) || string.IsNullOrEmpty(name) || !table.TryAdd(id!, name))
            {
                throw new FormatException($"Each bank needs {idDigits} digits that no other has, and a name.");
            }
        }

        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static T? Read<T>(string json, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Json);
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The table of {what} can't be read.", exception);
        }
    }

    private sealed record Members([property: JsonPropertyName("members")] IReadOnlyList<Member?>? List);

    private sealed record Member(string? MemberId, string? Name);

    private sealed record Banks([property: JsonPropertyName("banks")] IReadOnlyList<Bank?>? List);

    private sealed record Bank(string? Bic, string? Name);
}
