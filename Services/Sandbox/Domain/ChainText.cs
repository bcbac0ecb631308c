using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ArdorQr.Sandbox.Domain;

/// <summary>How toncenter's API v3 writes values: 64-bit numbers as text, hashes as base64.</summary>
internal static class ChainText
{
    public static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A hash that stands for something this chain doesn't have: always the same for the same name.</summary>
    public static string Digest(string name) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
}
