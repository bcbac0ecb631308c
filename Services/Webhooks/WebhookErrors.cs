using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Webhooks;

/// <summary>Every error of its own that Webhooks can answer.</summary>
internal static class WebhookErrors
{
    public static ApiError NotConfigured { get; } =
        new("webhook_not_configured", 409, "Адрес вебхуков не задан. Укажите его запросом PUT /v1/webhooks.");

    public static ApiError UrlForbidden { get; } = new(
        "webhook_url_forbidden", 422,
        "Адрес вебхуков ведёт в закрытую или служебную сеть либо на служебный порт. Нужен адрес, доступный из "
            + "интернета.");

    public static ApiError PayloadForgotten { get; } = new(
        "webhook_payload_expired", 409, "Тело события уже удалено по сроку хранения, отправить его ещё раз нельзя.");

    /// <param name="message">What is wrong with it, in Russian.</param>
    public static ApiError UrlInvalid(string message) => new("webhook_url_invalid", 422, message);
}
