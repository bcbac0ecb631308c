using System.ComponentModel.DataAnnotations;

namespace ArdorQr.ServiceDefaults.Sealing;

/// <summary>A key of <see cref="Seals"/>, or a list of them: 32 bytes in base64. The message doesn't repeat the value.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SealingKeyAttribute() : ValidationAttribute("{0} must be 32 bytes in base64.")
{
    public override bool IsValid(object? value) => value switch
    {
        null => true, // What is required says so by itself.
        string key => Seals.IsKey(key),
        IEnumerable<string> keys => keys.All(Seals.IsKey),
        _ => false,
    };
}
