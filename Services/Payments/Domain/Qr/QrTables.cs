using System.Text.Json;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>What reading a code needs to know of the world: the names of banks in SBP by member id.</summary>
internal sealed class QrTables
{
    private const string ShippedResource = "sbp-members.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly Lazy<QrTables> LazyShipped = new(ReadShipped);

    private readonly Dictionary<string, string> _bankNames;

    /// <param name="sbpMembersJson"><c>{"members":[{"memberId":"12 digits","name":"…"}]}</c></param>
    /// <exception cref="FormatException">The text isn't such a table, or names one member twice.</exception>
    public QrTables(string sbpMembersJson)
    {
        try
        {
            var table = JsonSerializer.Deserialize<Table>(sbpMembersJson, Json);
            _bankNames = (table?.Members ?? throw new FormatException("The table of SBP members has no \"members\"."))
                .ToDictionary(member => CheckedId(member), member => member.Name!, StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new FormatException("The table of SBP members can't be read.", exception);
        }
    }

    /// <summary>The table that the service brings along.</summary>
    public static QrTables Shipped => LazyShipped.Value;

    public string? BankNameOf(string memberId) => _bankNames.GetValueOrDefault(memberId);

    private static string CheckedId(Member member) =>
        member is { MemberId: { } id, Name.Length: > 0 }
            && AccountKey.IsAllDigits(id, SbpReader.MemberIdDigits)
            ? id
            : throw new FormatException("A member of SBP needs a memberId of 12 digits and a name.");

    private static QrTables ReadShipped()
    {
        using var stream = typeof(QrTables).Assembly.GetManifestResourceStream(ShippedResource)
            ?? throw new InvalidOperationException($"The resource {ShippedResource} is missing from the assembly.");
        using var reader = new StreamReader(stream);
        return new QrTables(reader.ReadToEnd());
    }

    private sealed record Table(IReadOnlyList<Member>? Members);

    private sealed record Member(string? MemberId, string? Name);
}
