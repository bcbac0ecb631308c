using System.CommandLine;
using System.Text.Json.Nodes;

namespace ArdorQr.Operate;

/// <summary>Where a value goes.</summary>
internal enum Place
{
    Path,
    Query,
    Body,
}

/// <summary>A value that a command takes: a bare argument when it is part of the path, an option otherwise.</summary>
/// <param name="Name">As the API names it.</param>
/// <param name="Place">Where it goes.</param>
/// <param name="Help">One line.</param>
/// <param name="Kind">How it is written in JSON.</param>
/// <param name="IsRequired">Whether the command needs it.</param>
internal sealed record Field(string Name, Place Place, string Help, Kind Kind = Kind.Text, bool IsRequired = false)
{
    /// <summary>A new argument or option for it, of a command of its own.</summary>
    public Symbol AddTo(Command command)
    {
        var symbol = Make(Name, Place, Help, Kind, IsRequired);
        if (symbol is Argument argument)
        {
            command.Arguments.Add(argument);
        }
        else
        {
            command.Options.Add((Option)symbol);
        }

        return symbol;
    }

    /// <summary>The value as text; null when it isn't given.</summary>
    public static string? TextIn(ParseResult parsed, Symbol symbol) => symbol switch
    {
        Argument<string> argument => parsed.GetValue(argument),
        Option<long?> number => parsed.GetValue(number)?.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Option<string> option => parsed.GetValue(option),
        _ => null,
    };

    /// <summary>The value as JSON; null when it isn't given.</summary>
    public static JsonNode? JsonIn(ParseResult parsed, Symbol symbol) => symbol switch
    {
        Option<string[]> list => parsed.GetValue(list) is { Length: > 0 } values
            ? new JsonArray([.. values.Select(value => JsonValue.Create(value))])
            : null,
        Option<long?> number => parsed.GetValue(number) is { } value ? JsonValue.Create(value) : null,
        _ => TextIn(parsed, symbol) is { } text ? JsonValue.Create(text) : null,
    };

    private static Symbol Make(string name, Place place, string help, Kind kind, bool isRequired)
    {
        var option = $"--{string.Concat(name.Select(letter => char.IsUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{letter}"))}";
        return (place, kind) switch
        {
            (Place.Path, _) => new Argument<string>(name) { Description = help },
            (_, Kind.List) => new Option<string[]>(option) { Description = help, Required = isRequired, AllowMultipleArgumentsPerToken = true },
            (_, Kind.Number) => new Option<long?>(option) { Description = help, Required = isRequired },
            _ => new Option<string>(option) { Description = help, Required = isRequired },
        };
    }
}

/// <summary>How a value is written in JSON.</summary>
internal enum Kind
{
    Text,
    Number,
    List,
}
