using System.Buffers;
using System.Security.Cryptography;

namespace ArdorQr.Gateway.Domain;

/// <summary>The 62 letters and digits of ASCII as digits: 0-9, A-Z, a-z.</summary>
internal static class Base62
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>The largest multiple of 62 within a byte: bytes from here on would favour the first digits.</summary>
    private const int FairBytes = 248;

    private static readonly SearchValues<char> Valid = SearchValues.Create(Digits);

    public static bool IsValid(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Valid);

    /// <summary>The number, most significant digit first, left-padded with 0.</summary>
    public static string Encode(uint number, int length) => string.Create(length, number, static (digits, rest) =>
    {
        for (var index = digits.Length - 1; index >= 0; index--)
        {
            digits[index] = Digits[(int)(rest % (uint)Digits.Length)];
            rest /= (uint)Digits.Length;
        }
    });

    /// <summary>Uniformly random digits, 5.95 bits each.</summary>
    public static string Random(int length, RandomNumberGenerator random) =>
        string.Create(length, random, static (digits, random) =>
        {
            Span<byte> one = stackalloc byte[1];
            for (var index = 0; index < digits.Length;)
            {
                random.GetBytes(one);
                if (one[0] < FairBytes)
                {
                    digits[index++] = Digits[one[0] % Digits.Length];
                }
            }
        });
}
