using Microsoft.AspNetCore.Http;

namespace ArdorQr.ServiceDefaults.Errors;

/// <summary>The errors that any service can answer; each service's own are in its catalogue.</summary>
public static class CommonErrors
{
    private const int UnavailableRetryAfterSeconds = 2;

    public static ApiError BadJson { get; } = new("bad_json", 400, "Тело запроса не является корректным JSON.");

    public static ApiError Unauthorized { get; } = new("unauthorized", 401, "Нужен API-ключ в заголовке Authorization: Bearer sk_…");

    public static ApiError PermissionDenied { get; } = new("permission_denied", 403, "У этого ключа нет прав на это действие.");

    public static ApiError TestModeOnly { get; } = new("test_mode_only", 403, "Этот метод работает только с тестовым ключом sk_test_…");

    public static ApiError NotFound { get; } = new("not_found", 404, "Объект или адрес не найден.");

    public static ApiError MethodNotAllowed { get; } = new("method_not_allowed", 405, "Этот метод HTTP здесь не поддерживается.");

    public static ApiError BodyTooLarge { get; } = new("body_too_large", 413, "Тело запроса больше 64 КиБ.");

    public static ApiError UnsupportedMediaType { get; } = new("unsupported_media_type", 415, "Тело запроса должно иметь Content-Type: application/json.");

    public static ApiError RateLimited { get; } = new("rate_limited", 429, "Слишком много запросов. Повторите позже.") { RetryAfterSeconds = 1 };

    public static ApiError Internal { get; } = new("internal_error", 500, "Внутренняя ошибка. Мы уже знаем о ней; повторите запрос позже.");

    public static ApiError Unavailable { get; } = new("service_unavailable", 503, "Сервис временно недоступен. Повторите запрос позже.")
    {
        RetryAfterSeconds = UnavailableRetryAfterSeconds,
    };

    /// <summary>A field or parameter that is wrong; <paramref name="field"/> is its name on the wire.</summary>
    public static ApiError ValidationFailed(string field, string message) =>
        new("validation_failed", 400, message) { Details = new { field } };

    /// <summary>The error for an answer that the framework gave with a status only.</summary>
    public static ApiError OfStatus(int status) => status switch
    {
        400 => new("validation_failed", 400, "Запрос составлен неверно."),
        401 => Unauthorized,
        403 => PermissionDenied,
        404 => NotFound,
        405 => MethodNotAllowed,
        413 => BodyTooLarge,
        415 => UnsupportedMediaType,
        429 => RateLimited,
        502 or 503 or 504 => Unavailable with { Status = status },
        >= 400 and < 500 or StatusCodes.Status505HttpVersionNotsupported => new("validation_failed", status, "Запрос составлен неверно."),
        _ => Internal with { Status = status },
    };
}
