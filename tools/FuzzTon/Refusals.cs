using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using ArdorQr.Ton;

namespace ArdorQr.FuzzTon;

/// <summary>Every sentence by which the codec refuses a bag, read from its own program: what a run can reach.</summary>
internal static class Refusals
{
    private static readonly string[] About = ["bag", "cell", "root", "Bytes follow", "bytes don't start"];

    public static IReadOnlyList<string> All { get; } = Read();

    private static List<string> Read()
    {
        using var file = File.OpenRead(typeof(BagOfCells).Assembly.Location);
        using var program = new PEReader(file);
        var metadata = program.GetMetadataReader();
        var sentences = new List<string>();
        for (var handle = MetadataTokens.UserStringHandle(1); !handle.IsNil; handle = metadata.GetNextHandle(handle))
        {
            var text = metadata.GetUserString(handle);
            if (text.Length > 0 && char.IsAsciiLetterUpper(text[0]) && text.EndsWith('.') && IsOfReader(text))
            {
                sentences.Add(text);
            }
        }

        return sentences;
    }

    /// <summary>Not what a writer refuses to write, a slice to load, or a text that isn't base64.</summary>
    private static bool IsOfReader(string text) =>
        About.Any(word => text.Contains(word, StringComparison.Ordinal))
        && !text.Contains("already", StringComparison.Ordinal) && !text.Contains("fit in", StringComparison.Ordinal)
        && !text.Contains("StateInit", StringComparison.Ordinal) && !text.Contains("left", StringComparison.Ordinal)
        && !text.Contains("base64", StringComparison.Ordinal);
}
