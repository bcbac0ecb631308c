using System.Text;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// A single-byte encoding as two tables, so that a text which it can't represent is told by a "no". Most codes are
/// decoded well, and an exception for each of them would cost a hundred times their reading.
/// </summary>
internal sealed class CodePage
{
    private const int ByteValues = 256;
    private const int EndOfCharacters = 0x2600; // Frames and blocks of KOI8-R are the highest.
    private const short Absent = -1;

    private readonly short[] _characters = new short[ByteValues];
    private readonly short[] _bytes = new short[EndOfCharacters];

    /// <param name="encoding">It must throw on what it can't represent.</param>
    public CodePage(Encoding encoding)
    {
        Array.Fill(_bytes, Absent);
        Array.Fill(_characters, Absent);
        for (var octet = 0; octet < ByteValues; octet++)
        {
            try
            {
                var character = encoding.GetString([(byte)octet])[0];
                _characters[octet] = (short)character;
                _bytes[character] = (short)octet;
            }
            catch (DecoderFallbackException)
            {
                // This byte stands for nothing.
            }
        }
    }

    public static CodePage Windows1251 { get; } = new(QrEncodings.Windows1251);

    public static CodePage Windows1252 { get; } = new(QrEncodings.Windows1252);

    public static CodePage Koi8R { get; } = new(QrEncodings.Koi8R);

    public static CodePage Latin1 { get; } = new(Encoding.Latin1);

    /// <summary>False if a character isn't of this encoding. The bytes must be as many as the characters.</summary>
    public bool TryEncode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] >= EndOfCharacters || _bytes[text[i]] is var octet && octet == Absent)
            {
                return false;
            }

            bytes[i] = (byte)octet;
        }

        return true;
    }

    /// <summary>False if a byte stands for nothing; <paramref name="text"/> must be as long as the bytes.</summary>
    public bool TryDecode(ReadOnlySpan<byte> bytes, Span<char> text)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            var character = _characters[bytes[i]];
            if (character == Absent)
            {
                return false;
            }

            text[i] = (char)character;
        }

        return true;
    }
}
