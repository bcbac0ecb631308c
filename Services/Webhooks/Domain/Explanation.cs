using System.Text;
using System.Text.Json;

namespace ArdorQr.Webhooks.Domain;

/// <summary>A secret that a signature may have been made with.</summary>
/// <param name="Secret">Its text.</param>
/// <param name="Name">given, current or previous.</param>
internal sealed record KnownSecret(string Secret, string Name);

/// <summary>What a merchant received, as far as it told us.</summary>
internal sealed record ReceivedWebhook
{
    /// <summary>The signature's header, or null when there was none.</summary>
    public required string? Signature { get; init; }

    public required byte[] Body { get; init; }

    /// <summary>The secret that the merchant checks with, or null.</summary>
    public required string? GivenSecret { get; init; }

    /// <summary>When it was received.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The endpoint's own secrets that are valid now.</summary>
    public required IReadOnlyList<KnownSecret> OwnSecrets { get; init; }

    /// <summary>The event's body as we send it, or null when the event isn't known.</summary>
    public required byte[]? SentBody { get; init; }
}

/// <summary>Why a receiver finds a signature wrong, told from what we sent and what arrived. Pure.</summary>
/// <param name="Verdict">One of <see cref="Verdicts"/>.</param>
/// <param name="Message">What it was, in Russian.</param>
/// <param name="Advice">What to do, in Russian; null when there is nothing to do.</param>
internal sealed record Explanation(string Verdict, string Message, string? Advice)
{
    /// <summary>The tolerance that the docs advise.</summary>
    public const int ToleranceSeconds = 300;

    private static readonly byte[] Utf8Mark = [0xEF, 0xBB, 0xBF];

    public DateTimeOffset? SignedAt { get; init; }

    /// <summary>From the signature to the receipt; negative when the receiver's clock is behind.</summary>
    public long? AgeSeconds { get; init; }

    /// <summary>The secret that the signature was made with, by its name, if it is a known one.</summary>
    public string? MatchedSecret { get; init; }

    /// <summary>The first byte in which the body isn't what was sent, from 0.</summary>
    public int? FirstDifferenceAt { get; init; }

    internal static class Verdicts
    {
        public const string Valid = "valid";
        public const string HeaderMissing = "header_missing";
        public const string HeaderMalformed = "header_malformed";
        public const string ClockSkew = "clock_skew";
        public const string WrongSecret = "wrong_secret";
        public const string ReserializedJson = "reserialized_json";
        public const string ChangedBody = "changed_body";
        public const string Unknown = "unknown";

        public static IReadOnlyList<string> All { get; } =
            [Valid, HeaderMissing, HeaderMalformed, ClockSkew, WrongSecret, ReserializedJson, ChangedBody, Unknown];
    }

    public static Explanation Of(ReceivedWebhook received)
    {
        if (received.Signature is null)
        {
            return new Explanation(
                Verdicts.HeaderMissing, "В заголовках нет X-Ardor-Signature.",
                "Передавайте все заголовки запроса; проверьте, что прокси перед приёмником их не удаляет.");
        }

        if (SignatureHeader.TryParse(received.Signature) is not { } header)
        {
            return new Explanation(
                Verdicts.HeaderMalformed, "X-Ardor-Signature не имеет вида t=<unix>,v1=<64 шестнадцатеричные цифры>.",
                "Возьмите заголовок целиком и без изменений. Подписей v1 может быть две, через запятую.");
        }

        IReadOnlyList<KnownSecret> tried =
            received.GivenSecret is { } given ? [new KnownSecret(given, "given")] : received.OwnSecrets;
        var explanation = MatchOf(header, received.Body, tried) is { } secret
            ? OfRightSignature(header, received) with { MatchedSecret = NameOf(secret, received.OwnSecrets) }
            : OfWrongSignature(header, received, tried);
        return explanation with { SignedAt = header.SignedAt, AgeSeconds = AgeOf(header, received.At) };
    }

    private static Explanation OfRightSignature(SignatureHeader header, ReceivedWebhook received)
    {
        var age = AgeOf(header, received.At);
        return Math.Abs(age) <= ToleranceSeconds
            ? new Explanation(Verdicts.Valid, "Подпись верна.", null)
            : new Explanation(
                Verdicts.ClockSkew,
                $"Подпись верна, но её время t {(age > 0 ? "старше" : "новее")} времени получения на "
                    + $"{Math.Abs(age)} с, а допуск — {ToleranceSeconds} с.",
                "Если запрос пришёл только что, сверьте часы приёмника (NTP). Если запрос сохранён раньше, "
                    + "передайте время получения в receivedAt.");
    }

    private static Explanation OfWrongSignature(
        SignatureHeader header, ReceivedWebhook received, IReadOnlyList<KnownSecret> tried)
    {
        if (received.SentBody is { } sent && MatchOf(header, sent, tried) is { } secret)
        {
            return OfChangedBody(sent, received.Body) with { MatchedSecret = NameOf(secret, received.OwnSecrets) };
        }

        var own = MatchOf(header, received.Body, received.OwnSecrets)
            ?? (received.SentBody is null ? null : MatchOf(header, received.SentBody, received.OwnSecrets));
        if (own is not null)
        {
            return new Explanation(
                Verdicts.WrongSecret, "Подпись сделана действующим секретом этого адреса, а проверяется другим.",
                AdviceOnSecret(received.GivenSecret!, own.Secret)) { MatchedSecret = own.Name };
        }

        return received.SentBody is not null
            ? new Explanation(
                Verdicts.WrongSecret, "Событие нам известно, но подпись сделана не тем секретом, которым проверяется.",
                "Вероятно, секрет с тех пор сменили. Отправьте событие ещё раз (resend) и проверьте новую доставку; "
                    + "t и v1 берите из одного запроса.")
            : new Explanation(
                Verdicts.Unknown, "Подпись не сошлась, а события мы не нашли, поэтому причину определить нельзя.",
                "Передайте заголовок X-Ardor-Event-Id и тело байт в байт, как получены: не разобранный и не "
                    + "собранный заново JSON.");
    }

    private static Explanation OfChangedBody(byte[] sent, byte[] received)
    {
        var first = sent.AsSpan().CommonPrefixLength(received);
        var isSameJson = IsSameJson(sent, received);
        return new Explanation(
            isSameJson ? Verdicts.ReserializedJson : Verdicts.ChangedBody,
            isSameJson
                ? $"Тело — тот же JSON, но другими байтами: первое отличие в байте {first} "
                    + $"({DifferenceOf(sent, received)})."
                : $"Тело изменено: первое отличие в байте {first} ({DifferenceOf(sent, received)}).",
            "Считайте HMAC от сырых байтов запроса, до разбора JSON. Отключите для этого пути то, что разбирает и "
                + "собирает тело заново.")
        {
            FirstDifferenceAt = first,
        };
    }

    private static string DifferenceOf(byte[] sent, byte[] received)
    {
        var receivedText = Encoding.UTF8.GetString(received);
        var sentText = Encoding.UTF8.GetString(sent);
        return received switch
        {
            { Length: 0 } => "тело пустое",
            _ when received.AsSpan().StartsWith(Utf8Mark) => "в начале добавлена метка UTF-8, BOM",
            _ when receivedText.TrimEnd() == sentText => "в конце добавлены пробелы или перевод строки",
            _ when sent.AsSpan().StartsWith(received) => "конец отрезан",
            _ when receivedText.Contains("\\u04", StringComparison.OrdinalIgnoreCase) =>
                "кириллица заменена на \\uXXXX",
            _ when receivedText.Contains("\": ", StringComparison.Ordinal) => "добавлены пробелы",
            _ => "порядок полей, пробелы, числа или экранирование",
        };
    }

    private static bool IsSameJson(byte[] sent, byte[] received)
    {
        try
        {
            using var ours = JsonDocument.Parse(sent);
            using var theirs = JsonDocument.Parse(
                received.AsSpan().StartsWith(Utf8Mark) ? received.AsMemory(Utf8Mark.Length) : received);
            return JsonElement.DeepEquals(ours.RootElement, theirs.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string AdviceOnSecret(string given, string own) => given switch
    {
        _ when given.Trim().Trim('"', '\'') == own =>
            "Вокруг секрета лишние пробелы, перевод строки или кавычки: уберите их.",
        _ when Signature.SecretPrefix + given == own => "Секрет берётся целиком, вместе с whsec_.",
        _ when !given.StartsWith(Signature.SecretPrefix, StringComparison.Ordinal) =>
            "Секрет начинается с whsec_ и берётся целиком, как текст, без декодирования.",
        _ => "Возьмите секрет этого режима (live или test), показанный при последней смене; если он утерян — "
            + "смените: PUT /v1/webhooks с rotateSecret.",
    };

    private static KnownSecret? MatchOf(SignatureHeader header, byte[] body, IEnumerable<KnownSecret> secrets) =>
        secrets.FirstOrDefault(secret => Signature.Matches(header, body, secret.Secret));

    /// <summary>A given secret by the name that it has here, if it has one.</summary>
    private static string NameOf(KnownSecret secret, IReadOnlyList<KnownSecret> own) =>
        own.FirstOrDefault(known => known.Secret == secret.Secret)?.Name ?? secret.Name;

    private static long AgeOf(SignatureHeader header, DateTimeOffset at) => (long)(at - header.SignedAt).TotalSeconds;
}
