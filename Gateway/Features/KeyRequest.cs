using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Features;

/// <summary>What is asked for a new key, by a merchant or for one by an operator.</summary>
internal sealed record KeyRequest
{
    private const int MaxLabelLength = 64;
    private const int MaxActiveKeys = 500;

    public Mode? Mode { get; init; }

    public string? Label { get; init; }

    public IReadOnlyList<string>? Permissions { get; init; }

    public IReadOnlyList<string>? AllowedIps { get; init; }

    public Kopecks? MaxPaymentMinor { get; init; }

    public Kopecks? DailyLimitMinor { get; init; }

    /// <summary>Judges the fields by themselves; what their issuer may is judged at the issue.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public KeyGrant.Wish ToWish()
    {
        if (Label is { } label && !PlainText.Fits(label, MaxLabelLength))
        {
            throw Wrong("label", $"Поле «label» — не более {MaxLabelLength} символов, без управляющих.");
        }

        if (Permissions is { } permissions
            && (permissions.Count == 0 || permissions.Distinct().Count() != permissions.Count
                || permissions.Except(KeyRules.AllRights).Any()))
        {
            throw Wrong(
                "permissions", $"Поле «permissions» — непустой список без повторов из {string.Join(", ", KeyRules.AllRights)}.");
        }

        var ranges = AllowedIps?.Select(AddressRange.TryParse).ToList();
        if (ranges is not null && (ranges.Count is 0 or > KeyGrant.MaxAllowedIps || ranges.Any(range => range is null)))
        {
            throw Wrong("allowedIps",
                $"Поле «allowedIps» — от 1 до {KeyGrant.MaxAllowedIps} IP-адресов или сетей, например 203.0.113.7 или 203.0.113.0/24.");
        }

        return new KeyGrant.Wish(
            KeyRules.AllRights.Where(right => Permissions?.Contains(right) == true).ToList() is { Count: > 0 } ordered ? ordered : null,
            ranges?.Select(range => range!.Value).ToList(),
            Positive(MaxPaymentMinor, "maxPaymentMinor"), Positive(DailyLimitMinor, "dailyLimitMinor"));
    }

    /// <summary>Stores a new key of a merchant that the transaction has locked.</summary>
    /// <exception cref="RejectedException">403: more than the issuer has; 422: the merchant has too many keys.</exception>
    public async Task<IssuedKey> IssueAsync(
        ServiceTransaction transaction, Guid merchantId, KeyGrant issuer, RandomNumberGenerator random, TimeProvider time,
        CancellationToken cancellationToken)
    {
        const string countSql = "SELECT count(*) FROM gateway.api_key WHERE merchant_id = @merchantId AND revoked_at IS NULL";
        var id = Guid.CreateVersion7(time.GetUtcNow());
        var grant = issuer.Narrow(id, ToWish(), out var field)
            ?? throw new RejectedException(GatewayErrors.MoreThanTheIssuer(field));
        if (await transaction.QuerySingleAsync<long>(countSql, new { merchantId }, cancellationToken) >= MaxActiveKeys)
        {
            throw new RejectedException(GatewayErrors.TooManyKeys(MaxActiveKeys));
        }

        var key = ApiKey.Issue(Mode ?? Mode.Live, random);
        var createdAt = await Keys.InsertAsync(transaction, id, merchantId, key, Label, grant, cancellationToken);
        return IssuedKey.Of(id, key, Label, grant, createdAt);
    }

    private static Kopecks? Positive(Kopecks? amount, string field) =>
        amount is null || amount > Kopecks.Zero
            ? amount
            : throw Wrong(field, $"Поле «{field}» — целое число копеек больше нуля.");

    private static RejectedException Wrong(string field, string message) =>
        new(CommonErrors.ValidationFailed(field, message));
}

/// <summary>A key at its issue: the one time that its secret is shown.</summary>
internal sealed record IssuedKey(
    Guid Id, string Secret, string Hint, Mode Mode, string? Label, DateTimeOffset CreatedAt,
    IReadOnlyList<string> Permissions, IReadOnlyList<string>? AllowedIps, Kopecks? MaxPaymentMinor, Kopecks? DailyLimitMinor)
{
    public static IssuedKey Of(Guid id, ApiKey key, string? label, KeyGrant grant, DateTimeOffset createdAt) => new(
        id, key.Text, key.Hint, key.Mode, label, createdAt, grant.Permissions,
        grant.AllowedIps?.Select(range => range.ToString()).ToArray(), grant.Limits.MaxPayment, grant.DailyLimit);
}
