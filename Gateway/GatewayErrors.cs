using System.Net;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway;

/// <summary>The Gateway's own errors; what any service can answer is in <see cref="CommonErrors"/>.</summary>
internal static class GatewayErrors
{
    public static ApiError ApiKeyInvalid { get; } =
        new("api_key_invalid", 401, "API-ключ неверен. Проверьте, что он скопирован целиком.");

    public static ApiError ApiKeyRevoked { get; } =
        new("api_key_revoked", 401, "API-ключ отозван. Используйте другой ключ.");

    public static ApiError AccountSuspended { get; } =
        new("account_suspended", 403, "Аккаунт приостановлен: доступно только чтение (GET). Обратитесь в поддержку.");

    /// <summary>The reference's default mode is live, which a test key may not issue.</summary>
    public static ApiError TestKeyNeedsTestMode { get; } = CommonErrors.PermissionDenied with
    {
        Message = "Тестовый ключ может выпускать только тестовые ключи: передайте в теле запроса \"mode\":\"test\".",
    };

    public static ApiError TestKeyManagesTestKeys { get; } = CommonErrors.PermissionDenied with
    {
        Message = "Тестовый ключ может управлять только тестовыми ключами.",
    };

    public static ApiError KeyLastActive { get; } =
        new("key_last_active", 409, "Это последний действующий live-ключ аккаунта. Сначала выпустите другой.");

    public static ApiError OperatorUnauthorized { get; } = CommonErrors.Unauthorized with
    {
        Message = "Нужен токен оператора в заголовке Authorization: Bearer …",
    };

    public static ApiError OperatorNameTaken { get; } =
        new("operator_name_taken", 409, "Оператор с таким именем уже есть.");

    public static ApiError ApprovalDecided { get; } =
        new("approval_decided", 409, "По этому запросу уже есть решение, или срок его ожидания истёк.");

    public static ApiError RecoveryNotMatched { get; } =
        new("recovery_not_matched", 409, "Сверка после восстановления ещё не закончена; что осталось — в GET /operator/recovery.");

    public static ApiError SecondOperatorNeeded { get; } = CommonErrors.PermissionDenied with
    {
        Message = "Решение должен принять другой оператор, не тот, кто просил.",
    };

    public static ApiError IdempotencyKeyInvalid { get; } =
        new("idempotency_key_invalid", 400, "Idempotency-Key — непустая строка не длиннее 255 символов.");

    public static ApiError IdempotencyKeyReused { get; } =
        new("idempotency_key_reused", 422, "Этот Idempotency-Key уже использован с другим запросом.");

    /// <summary>The key may do other things, not this one.</summary>
    public static ApiError PermissionMissing(string permission) => CommonErrors.PermissionDenied with
    {
        Message = $"У этого ключа нет разрешения «{permission}».",
        Details = new { permission },
    };

    /// <summary>The key is limited to addresses, and this is none of them.</summary>
    public static ApiError AddressNotAllowed(IPAddress? address) => CommonErrors.PermissionDenied with
    {
        Message = "Этот ключ не действует с вашего IP-адреса.",
        Details = new { ip = address is null ? null : AddressRange.Plain(address).ToString() },
    };

    /// <summary>The operator may look, but not do this.</summary>
    public static ApiError RoleMissing(string role) => CommonErrors.PermissionDenied with
    {
        Message = $"Для этого действия нужна роль «{role}».",
        Details = new { role },
    };

    /// <summary>A key issues only keys within its own rights; <paramref name="field"/> asks for more.</summary>
    public static ApiError MoreThanTheIssuer(string field) => CommonErrors.PermissionDenied with
    {
        Message = $"Ключ может выпускать только ключи в пределах собственных прав: «{field}» шире, чем у него самого.",
        Details = new { field },
    };

    /// <summary>A merchant has as many keys as it may; <paramref name="maxKeys"/> counts active ones.</summary>
    public static ApiError TooManyKeys(int maxKeys) =>
        new("limit_exceeded", 422, $"Действующих ключей не может быть больше {maxKeys}. Отзовите ненужные.");
}
