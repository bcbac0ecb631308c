using System.Text;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>The encodings of GOST codes. They throw on what they can't represent, so nothing becomes a "?".</summary>
internal static class QrEncodings
{
    public const char DeclaredWindows1251 = '1';
    public const char DeclaredUtf8 = '2';
    public const char DeclaredKoi8R = '3';

    public static Encoding Windows1251 { get; } = CodePage(1251);

    public static Encoding Koi8R { get; } = CodePage(20866);

    /// <summary>What browsers mean by Latin-1; outside of 80..9F it is Latin-1.</summary>
    public static Encoding Windows1252 { get; } = CodePage(1252);

    public static Encoding Utf8 { get; } =
        new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static Encoding CodePage(int codePage) =>
        CodePagesEncodingProvider.Instance.GetEncoding(
            codePage, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
        ?? throw new InvalidOperationException($"The runtime lacks code page {codePage}.");
}
