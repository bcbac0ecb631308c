using System.Security.Cryptography;
using System.Text;

namespace Shop;

public static class ArdorWebhook
{
    /// <param name="header">X-Ardor-Signature.</param>
    /// <param name="body">Байты тела запроса, до разбора JSON.</param>
    public static bool Verify(string secret, string header, byte[] body, DateTimeOffset now)
    {
        var parts = header.Split(',').Select(part => part.Trim().Split('=', 2)).Where(part => part.Length == 2)
            .ToLookup(part => part[0], part => part[1]);
        if (parts["t"].ToArray() is not [var t] || !long.TryParse(t, out var time) ||
            Math.Abs((decimal)now.ToUnixTimeSeconds() - time) > 300)
        {
            return false;
        }

        var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), (byte[])[.. Encoding.UTF8.GetBytes(t + "."), .. body]);
        var expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash));
        return parts["v1"].Any(v1 => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(v1), expected));
    }
}
