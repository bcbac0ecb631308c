using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>
/// A P-256 key in base64: PKCS#8 if private, else SubjectPublicKeyInfo. What isn't one stops the start, and not only the
/// first token; the message doesn't repeat the value.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class P256KeyAttribute(bool isPrivate) : ValidationAttribute
{
    private const int Bits = 256;

    public bool IsPrivate => isPrivate;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is not string text || IsKey(text)
            ? ValidationResult.Success
            : new ValidationResult(
                $"{validationContext.DisplayName} is no P-256 key: base64 of {(isPrivate ? "PKCS#8" : "SubjectPublicKeyInfo")} in DER.");

    private bool IsKey(string text)
    {
        try
        {
            using var key = ECDsa.Create();
            var bytes = Convert.FromBase64String(text);
            if (isPrivate)
            {
                key.ImportPkcs8PrivateKey(bytes, out _);
            }
            else
            {
                key.ImportSubjectPublicKeyInfo(bytes, out _);
            }

            return key.KeySize == Bits;
        }
        catch (Exception exception) when (exception is FormatException or CryptographicException)
        {
            return false;
        }
    }
}
