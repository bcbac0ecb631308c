using System.Security.Cryptography;
using System.Text;

namespace ArdorQr.Webhooks.Tests;

/// <summary>
/// What a merchant does with a webhook, written from the published reference and with nothing of ours:
/// <c>X-Ardor-Signature: t=&lt;unix&gt;,v1=&lt;hex hmac_sha256(secret, t + "." + body)&gt;</c>.
/// </summary>
internal static class SignatureCheck
{
    /// <summary>Which of the header's <c>v1</c> values, in order, this secret made of this body.</summary>
    public static bool[] Matches(string header, byte[] body, string secret)
    {
        var parts = header.Split(',').Select(part => part.Split('=', 2)).ToList();
        var timestamp = parts.Single(part => part[0] == "t")[1];
        using var hmac = new HMACSHA256(Encoding.UTF8.GetBytes(secret));
        var message = Encoding.UTF8.GetBytes(timestamp + ".").Concat(body).ToArray();
        var expected = string.Concat(hmac.ComputeHash(message).Select(value => value.ToString("x2", null)));
        return [.. parts.Where(part => part[0] == "v1").Select(part => part[1] == expected)];
    }

    public static DateTimeOffset TimeOf(string header) =>
        DateTimeOffset.FromUnixTimeSeconds(long.Parse(header.Split(',')[0]["t=".Length..], null));
}
