using System.Globalization;

namespace ArdorQr.Webhooks.Domain;

/// <summary>A receiver as it looks below HTTP.</summary>
internal sealed record ProbedReceiver
{
    /// <summary>How many addresses its name has; null when it has none that could be found.</summary>
    public int? Addresses { get; init; }

    /// <summary>One of the addresses is none that webhooks may be sent to.</summary>
    public bool IsForbidden { get; init; }

    public bool IsListening { get; init; }

    /// <summary>Null without a TLS handshake.</summary>
    public SeenCertificate? Certificate { get; init; }
}

/// <summary>A receiver's certificate, judged.</summary>
internal sealed record SeenCertificate
{
    public required bool IsTrusted { get; init; }
    public required bool IsOfThisHost { get; init; }

    /// <summary>The server doesn't send the certificates between its own and a root.</summary>
    public required bool IsChainPartial { get; init; }

    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
}

/// <summary>What came of the three webhooks of a trial; null where none was sent.</summary>
/// <param name="Right">Signed as every webhook is.</param>
/// <param name="Forged">Signed with a secret that nobody knows.</param>
/// <param name="Stale">Signed right, an hour ago.</param>
internal sealed record Trial(Answer Right, Answer Forged, Answer Stale);

/// <summary>One line of a diagnosis.</summary>
/// <param name="Name">Stable, for programs.</param>
/// <param name="Status">ok, warning, failed or skipped.</param>
/// <param name="Message">What was seen, in Russian.</param>
/// <param name="Advice">What to do, in Russian; null when nothing is.</param>
internal sealed record DiagnosisLine(string Name, string Status, string Message, string? Advice);

/// <summary>What is right and wrong with a receiver, line by line with advice. Pure.</summary>
internal static class Diagnosis
{
    public const string Ok = "ok";
    public const string Warning = "warning";
    public const string Failed = "failed";
    public const string Skipped = "skipped";

    /// <summary>How far back the stale webhook of a trial is dated.</summary>
    public static readonly TimeSpan StaleBy = TimeSpan.FromHours(1);

    private static readonly string[] NamesOfTrial = ["response", "redirect", "latency", "signature", "replay"];

    private const int ExpirySoonDays = 14;
    private const int SlowMilliseconds = 3_000;

    public static IReadOnlyList<DiagnosisLine> Of(Uri url, ProbedReceiver seen, Trial? trial, DateTimeOffset now) =>
    [
        Dns(url, seen), Connection(url, seen), Tls(url, seen), Expiry(url, seen, now),
        .. trial is null ? Untried() : Tried(trial),
    ];

    private static DiagnosisLine Dns(Uri url, ProbedReceiver seen) => seen switch
    {
        { IsForbidden: true } => new("dns", Failed, $"Имя {url.IdnHost} ведёт в закрытую или служебную сеть.",
            "Укажите в DNS только адреса, доступные из интернета: проверяются все записи A и AAAA."),
        { Addresses: null } => new("dns", Failed, $"Имя {url.IdnHost} не нашлось в DNS.",
            "Проверьте записи A и AAAA и срок регистрации домена."),
        { Addresses: var count } => new("dns", Ok, $"Имя {url.IdnHost} найдено, адресов: {count}.", null),
    };

    private static DiagnosisLine Connection(Uri url, ProbedReceiver seen) => seen switch
    {
        { Addresses: null } => new("connection", Skipped, "Адрес неизвестен, соединения не было.", null),
        { IsListening: false } => new("connection", Failed, $"На порту {url.Port} никто не отвечает.",
            "Проверьте, что сервер запущен, слушает этот порт и что брандмауэр пропускает соединения из интернета."),
        _ => new("connection", Ok, $"Порт {url.Port} принимает соединения.", null),
    };

    private static DiagnosisLine Tls(Uri url, ProbedReceiver seen) => seen switch
    {
        _ when url.Scheme == Uri.UriSchemeHttp => new("tls", Warning, "Адрес без TLS: тело события видно в пути.",
            "Для боевого режима нужен https://."),
        { IsListening: false } => new("tls", Skipped, "Соединения не было.", null),
        { Certificate: null } => new("tls", Failed, "TLS-соединение не установлено.",
            "Нужен TLS 1.2 или новее с сертификатом на этом порту; проверьте, что там не обычный HTTP."),
        { Certificate.IsOfThisHost: false } => new("tls", Failed, $"Сертификат выпущен не для {url.IdnHost}.",
            "Установите сертификат, в котором есть это имя (Subject Alternative Name)."),
        { Certificate: { IsTrusted: false, IsChainPartial: true } } =>
            new("tls", Failed, "Цепочка сертификатов неполная.",
            "Настройте сервер так, чтобы он отдавал промежуточные сертификаты (fullchain.pem): мы их не докачиваем."),
        { Certificate.IsTrusted: false } => new(
            "tls", Failed, "Сертификату нет доверия: он самоподписанный, просрочен или выпущен неизвестным центром.",
            "Установите действующий сертификат от общепризнанного центра сертификации."),
        _ => new("tls", Ok, "Сертификат выпущен для этого имени, цепочка доверена.", null),
    };

    private static DiagnosisLine Expiry(Uri url, ProbedReceiver seen, DateTimeOffset now)
    {
        if (seen.Certificate is not { } certificate)
        {
            return new("certificate_expiry", Skipped, "Сертификата не видно.", null);
        }

        var until = certificate.NotAfter.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
        if (now > certificate.NotAfter || now < certificate.NotBefore)
        {
            return new("certificate_expiry", Failed, $"Сертификат не действует: срок — до {until}.",
                "Выпустите новый сертификат.");
        }

        return certificate.NotAfter - now < TimeSpan.FromDays(ExpirySoonDays)
            ? new("certificate_expiry", Warning, $"Сертификат истекает {until}.",
                $"Обновите сертификат {url.IdnHost} и проверьте автопродление.")
            : new("certificate_expiry", Ok, $"Сертификат действует до {until}.", null);
    }

    private static IEnumerable<DiagnosisLine> Untried() =>
        NamesOfTrial.Select(name => new DiagnosisLine(name, Skipped, "Пробное событие не отправлялось.", null));

    private static IEnumerable<DiagnosisLine> Tried(Trial trial) =>
    [
        Response(trial.Right), Redirect(trial.Right), Latency(trial.Right),
        Refusal("signature", "с чужой подписью", trial.Right, trial.Forged,
            Failed, "Считайте HMAC от сырого тела и сравнивайте с v1; без совпадения отвечайте 401 и ничего не "
                + "делайте: иначе событие может подделать кто угодно."),
        Refusal("replay", "часовой давности", trial.Right, trial.Stale,
            Warning, "Не принимайте t старше пяти минут, и различайте события по id: иначе перехваченный запрос "
                + "можно повторить."),
    ];

    private static DiagnosisLine Response(Answer right) => right switch
    {
        { IsSuccess: true } => new("response", Ok, $"Подписанное пробное событие принято: {right.Status}.", null),
        { IsGone: true } => new("response", Failed, "Приёмник ответил 410: так он отключает доставку.",
            "Отвечайте 410 только тогда, когда события больше не нужны."),
        { Status: 401 or 403 } =>
            new("response", Failed, $"Приёмник отверг правильно подписанное событие: {right.Status}.",
            "Проверьте секрет и сырое тело через POST /v1/webhooks/explain; снимите с этого пути другую авторизацию."),
        { Status: >= 300 and < 400 } => new(
            "response", Failed, $"Вместо ответа — перенаправление, {right.Status}.", "Отвечайте 2xx по самому адресу."),
        { Status: { } status } =>
            new("response", Failed, $"Приёмник ответил {status}, а принято только то, на что ответ 2xx.",
            "Отвечайте 200 сразу после сохранения события, обрабатывайте потом."),
        { Error: AttemptErrors.TimedOut } => new("response", Failed, "За 15 секунд ответа не было.",
            "Сохраните событие и отвечайте сразу, обрабатывайте потом."),
        _ => new("response", Failed, $"Ответа не было: {right.Error}.", "Проверьте журнал сервера в это время."),
    };

    private static DiagnosisLine Redirect(Answer right) => right.Status switch
    {
        null => new("redirect", Skipped, "Ответа не было.", null),
        >= 300 and < 400 => new("redirect", Failed, $"Ответ {right.Status}: по перенаправлениям мы не идём.",
            "Укажите в PUT /v1/webhooks конечный адрес (часто дело в www, https или косой черте на конце)."),
        _ => new("redirect", Ok, "Перенаправления нет.", null),
    };

    private static DiagnosisLine Latency(Answer right)
    {
        var milliseconds = (int)right.Duration.TotalMilliseconds;
        return right.Status is null
            ? new("latency", Skipped, "Ответа не было.", null)
            : milliseconds > SlowMilliseconds
                ? new("latency", Warning, $"Ответ занял {milliseconds} мс.",
                    "Отвечайте сразу, обрабатывайте событие в фоне: предел — 15 секунд.")
                : new("latency", Ok, $"Ответ занял {milliseconds} мс.", null);
    }

    /// <summary>
    /// A webhook that a receiver must refuse; it says nothing while the right one isn't accepted either.
    /// </summary>
    private static DiagnosisLine Refusal(
        string name, string kind, Answer right, Answer answer, string statusIfAccepted, string adviceIfAccepted) =>
            answer switch
    {
        _ when !right.IsSuccess =>
            new(name, Skipped, "Не проверить, пока не принято событие с правильной подписью.", null),
        { IsSuccess: true } =>
            new(name, statusIfAccepted, $"Событие {kind} принято: {answer.Status}.", adviceIfAccepted),
        { Status: >= 400 and < 500 } => new(name, Ok, $"Событие {kind} отвергнуто: {answer.Status}.", null),
        { Status: { } status } => new(
            name, Warning, $"На событие {kind} ответ {status}.", "Отвечайте на него 401 или 400: 5xx означает сбой."),
        _ => new(name, Warning, $"На событие {kind} ответа не было: {answer.Error}.", "Отвечайте на него 401 или 400."),
    };
}
