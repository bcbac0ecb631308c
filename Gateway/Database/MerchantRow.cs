namespace ArdorQr.Gateway.Database;

/// <summary>A row of <c>gateway.merchant</c>.</summary>
internal sealed record MerchantRow
{
    public const string Active = "active";
    public const string Suspended = "suspended";

    public Guid Id { get; init; }

    public long Number { get; init; }

    public string Name { get; init; } = "";

    public string Status { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public bool IsSuspended => Status == Suspended;
}
