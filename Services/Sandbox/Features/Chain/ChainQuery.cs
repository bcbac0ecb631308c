using System.Globalization;
using ArdorQr.Ton;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>A chain request's query, read as toncenter reads it; a wrong value is 422 with a text.</summary>
internal sealed class ChainQuery(IQueryCollection query)
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 1_000;
    private const int MaxAddresses = 1_000;

    /// <summary>What was wrong, or null.</summary>
    public string? Fault { get; private set; }

    public int Limit => (int)Math.Clamp(Number("limit", DefaultLimit), 1, MaxLimit);

    public long Offset => Math.Max(Number("offset", 0), 0);

    public long StartLt => Number("start_lt", 0);

    public long EndLt => Number("end_lt", long.MaxValue);

    /// <summary>Oldest first; toncenter's own default is newest first.</summary>
    public bool Ascending => query["sort"].ToString() is "asc";

    public string? Hash => query.TryGetValue("hash", out var values) ? values.ToString() : null;

    /// <summary>The raw upper-case addresses of a parameter that may be repeated, or null when it is absent.</summary>
    public string[]? Addresses(string name)
    {
        if (!query.TryGetValue(name, out var values))
        {
            return null;
        }

        var addresses = new List<string>();
        foreach (var value in values.Take(MaxAddresses))
        {
            if (TonAddress.TryParse(value, out var address))
            {
                addresses.Add(address.ToRawUpper());
            }
            else
            {
                Fault ??= $"schema: error converting value for {name}: {value}";
            }
        }

        return [.. addresses];
    }

    public static JsonHttpResult<object> Error(string fault) =>
        TypedResults.Json<object>(new { error = fault }, statusCode: StatusCodes.Status422UnprocessableEntity);

    private long Number(string name, long otherwise)
    {
        if (!query.TryGetValue(name, out var values))
        {
            return otherwise;
        }

        if (long.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Fault ??= $"schema: error converting value for {name}: {values}";
        return otherwise;
    }
}
