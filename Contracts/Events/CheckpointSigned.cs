using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>
/// Where a wallet's chain of operations stood, signed. Published by Ledger, so that the statement outlives its database.
/// What is signed: Services/Ledger/README.md.
/// </summary>
[EntityName("ardorqr.ledger.checkpoint-signed.v1")]
[MessageUrn("ardorqr:ledger:checkpoint-signed:v1")]
public sealed record CheckpointSigned : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    /// <summary>The checkpoint's own time, part of what is signed.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    /// <summary>The last operation's number, 1 and up.</summary>
    public required long Sequence { get; init; }

    /// <summary>The last operation's hash, 64 hexadecimal digits.</summary>
    public required string Hash { get; init; }

    public required Kopecks BalanceMinor { get; init; }

    public required string KeyId { get; init; }

    /// <summary>SubjectPublicKeyInfo, base64.</summary>
    public required string PublicKey { get; init; }

    /// <summary>ES256: 64 bytes, r and s, base64.</summary>
    public required string Signature { get; init; }
}
