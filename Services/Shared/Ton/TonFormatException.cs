namespace ArdorQr.Ton;

/// <summary>
/// The bytes or text given are not what TON's formats allow: the only exception that reading foreign data throws.
/// </summary>
public sealed class TonFormatException : FormatException
{
    /// <summary>Says which rule was broken, in English, without the data itself.</summary>
    public TonFormatException(string message)
        : base(message)
    {
    }

    /// <summary>The same, with the fault below it.</summary>
    public TonFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
