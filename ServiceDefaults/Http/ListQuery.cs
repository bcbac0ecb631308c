using System.Globalization;
using System.Text.RegularExpressions;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.ServiceDefaults.Http;

/// <summary>The query of a list: how many, and older than when. Wrong values are errors, never silent defaults.</summary>
public static partial class ListQuery
{
    public const int DefaultLimit = 20;
    public const int MaxLimit = 100;

    /// <summary><c>limit</c>, 1..100, 20 when absent.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public static int Limit(HttpRequest request)
    {
        if (!request.Query.TryGetValue("limit", out var values))
        {
            return DefaultLimit;
        }

        return values.Count == 1
            && int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            && limit is >= 1 and <= MaxLimit
                ? limit
                : throw new RejectedException(CommonErrors.ValidationFailed("limit", $"Параметр limit — целое число от 1 до {MaxLimit}."));
    }

    /// <summary><c>before</c>, a date-time with an offset (any), as UTC; null when absent.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public static DateTimeOffset? Before(HttpRequest request)
    {
        if (!request.Query.TryGetValue("before", out var values))
        {
            return null;
        }

        return Time(values.Count == 1 ? values[0]!.Replace(' ', '+') : "", "before"); // An unescaped plus arrives as a blank.
    }

    /// <summary>A date-time with an offset (any) from a query or a body, as UTC.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public static DateTimeOffset Time(string text, string field) =>
        Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time.ToUniversalTime()
            : throw new RejectedException(CommonErrors.ValidationFailed(field, $"Параметр {field} — дата и время со смещением, например 2026-06-19T12:00:00Z."));

    /// <summary>A UUID from the route; anything else is 400 validation_failed.</summary>
    /// <exception cref="RejectedException">400 validation_failed.</exception>
    public static Guid Id(string text, string field = "id") =>
        Guid.TryParseExact(text, "D", out var id)
            ? id
            : throw new RejectedException(CommonErrors.ValidationFailed(field, $"«{field}» должен быть UUID."));

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,7})?([Zz]|[+-]\d{2}:\d{2})$", RegexOptions.NonBacktracking)]
    private static partial Regex Rfc3339();
}
