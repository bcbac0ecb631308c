using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>Turns the bytes of a code into text by the encoding that a GOST code declares, else by UTF-8.</summary>
internal static class QrBytes
{
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = EncodingOf(bytes).GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = null;
            return false;
        }
    }

    private static Encoding EncodingOf(ReadOnlySpan<byte> bytes)
    {
        var declared = bytes.StartsWith("ST0001"u8) && bytes.Length > BankTransferReader.EncodingPosition
            ? (char)bytes[BankTransferReader.EncodingPosition]
            : QrEncodings.DeclaredUtf8;
        return declared switch
        {
            QrEncodings.DeclaredWindows1251 => QrEncodings.Windows1251,
            QrEncodings.DeclaredKoi8R => QrEncodings.Koi8R,
            _ => QrEncodings.Utf8,
        };
    }
}
