using System.Security.Cryptography;
using System.Text;

namespace ArdorQr.Sandbox.Features;

/// <summary>Checks a fixed bearer token in constant time.</summary>
internal static class Bearer
{
    private const string Prefix = "Bearer ";

    public static bool Is(HttpRequest request, string token)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Prefix, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(header[Prefix.Length..])), SHA256.HashData(Encoding.UTF8.GetBytes(token)));
    }
}
