using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Sealing;
using Microsoft.Extensions.Options;

namespace ArdorQr.Payments.Database;

/// <summary>What a payment's row says of its payee and its code: all that is sealed, and erased later.</summary>
/// <param name="PayeeName">Null once it is erased.</param>
/// <param name="PayeeBank">The bank's name, or null.</param>
/// <param name="PayeeInn">10 or 12 digits, or null.</param>
/// <param name="QrText">As the merchant sent it.</param>
/// <param name="QrCanonical">The one spelling that the rail gets; empty once it is erased.</param>
internal sealed record PaymentDetails(
    string? PayeeName, string? PayeeBank, string? PayeeInn, string QrText, string QrCanonical)
{
    public static PaymentDetails Erased { get; } = new(null, null, null, "", "");
}

/// <summary>A payment's details as its columns hold them: in the clear or sealed, never both.</summary>
internal sealed record StoredDetails(PaymentDetails? Plain, string? SingleUseKey, SealedBytes? Sealed)
{
    /// <summary>The canonical code's keyed hash.</summary>
    public byte[]? QrLookup { get; init; }

    /// <summary>What a code that may be paid once only is known by, when it isn't in the clear.</summary>
    public byte[]? SingleUseHash { get; init; }
}

/// <summary>
/// Seals and opens what Payments stores of payees and codes, each bound to its row. What an older version of the service
/// has written in the clear, or this one while it may not seal, is read just so.
/// </summary>
internal sealed class PaymentSeals(Seals seals, IOptions<PaymentsOptions> options)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether new rows are sealed: not while an older version runs, which couldn't read them.</summary>
    public bool IsOn => options.Value.SealsRows;

    public string CurrentKeyId => seals.CurrentKeyId;

    public bool HasRetiredKeys => seals.HasRetiredKeys;

    /// <summary>A new payment's details as they are stored.</summary>
    public StoredDetails Store(Guid paymentId, PaymentDetails details, string? singleUseKey) =>
        IsOn ? Sealed(paymentId, details, singleUseKey) : new StoredDetails(details, singleUseKey, null);

    public StoredDetails Sealed(Guid paymentId, PaymentDetails details, string? singleUseKey) =>
        new(null, null, seals.Seal(JsonSerializer.SerializeToUtf8Bytes(details, Json), OwnerOf(paymentId)))
        {
            QrLookup = LookupOf(details.QrCanonical),
            SingleUseHash = singleUseKey is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(singleUseKey)),
        };

    /// <exception cref="CryptographicException">The key is not set here, or the row's bytes aren't its own.</exception>
    public PaymentDetails DetailsOf(PaymentRow row) => row switch
    {
        { Sealed: { } bytes, SealedKeyId: { } keyId } => Open(row.PaymentId, new SealedBytes(bytes, keyId)),
        { PayeeName: { } name, QrCanonical: { } canonical } =>
            new PaymentDetails(name, row.PayeeBank, row.PayeeInn, "", canonical),
        _ => PaymentDetails.Erased,
    };

    public PaymentDetails Open(Guid paymentId, SealedBytes stored) =>
        JsonSerializer.Deserialize<PaymentDetails>(seals.Open(stored, OwnerOf(paymentId)), Json)!;

    public (byte[] Body, string? KeyId) StoreAnswer(IdempotencyScope scope, int status, byte[] body) =>
        IsOn && seals.Seal(body, OwnerOf(scope, status)) is var stored ? (stored.Bytes, stored.KeyId) : (body, null);

    /// <exception cref="CryptographicException">The key is not set here, or the body isn't this answer's.</exception>
    public byte[] AnswerOf(IdempotencyScope scope, int status, byte[] body, string? keyId) =>
        keyId is null ? body : seals.Open(new SealedBytes(body, keyId), OwnerOf(scope, status));

    public SealedBytes SealCode(string mode, Guid transferId, string qr) =>
        seals.Seal(Encoding.UTF8.GetBytes(qr), OwnerOf(mode, transferId));

    /// <exception cref="CryptographicException">The key is not set here, or the code isn't this transfer's.</exception>
    public string CodeOf(string mode, Guid transferId, SealedBytes stored) =>
        Encoding.UTF8.GetString(seals.Open(stored, OwnerOf(mode, transferId)));

    public byte[] LookupOf(string canonical) => seals.LookupOf(Encoding.UTF8.GetBytes(canonical));

    private static byte[] OwnerOf(Guid paymentId) => Encoding.UTF8.GetBytes($"payment/{paymentId:D}");

    private static byte[] OwnerOf(string mode, Guid transferId) =>
        Encoding.UTF8.GetBytes($"transfer/{mode}/{transferId:D}");

    private static byte[] OwnerOf(IdempotencyScope scope, int status) => Encoding.UTF8.GetBytes(
        $"answer/{scope.MerchantId:D}/{scope.Mode.Code}/{status}/{scope.Operation}/{scope.Key}");
}
