using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArdorQr.Settings;

/// <summary>
/// Reads a project's settings from its sources: the properties of each class with a <c>Section</c>, and of the classes
/// that those are made of.
/// </summary>
internal sealed partial class SettingsReader
{
    private const string SectionName = "Section";
    private const string Required = "Required";
    private const string SecretMark = "A secret.";
    private const int MaxDepth = 6;

    private static readonly Dictionary<string, string> Types = new()
    {
        ["bool"] = "yes or no", ["int"] = "whole number", ["long"] = "whole number", ["decimal"] = "number", ["DateTimeOffset"] = "time",
        ["double"] = "number", ["string"] = "text", ["Uri"] = "address",
    };

    private readonly Dictionary<string, ClassDeclarationSyntax> _classes = [];
    private readonly CSharpCompilation _compilation;

    private SettingsReader(IEnumerable<SyntaxTree> trees)
    {
        _compilation = CSharpCompilation.Create(
            "settings", trees, [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)]);
        foreach (var type in _compilation.SyntaxTrees.SelectMany(tree =>
            tree.GetRoot().DescendantNodes().OfType<ClassDeclarationSyntax>()))
        {
            _classes.TryAdd(type.Identifier.Text, type);
        }
    }

    /// <summary>All settings of a project, in the order of their names' sections and their sources.</summary>
    /// <param name="folder">The project's.</param>
    public static IReadOnlyList<Setting> Read(string folder)
    {
        var trees = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !BuildFolder().IsMatch(Path.GetRelativePath(folder, file)))
            .Order(StringComparer.Ordinal)
            .Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), path: file));
        var reader = new SettingsReader(trees);
        return
        [
            .. reader._classes.Values.Select(type => (Type: type, Section: reader.SectionOf(type)))
                .Where(found => found.Section is not null)
                .OrderBy(found => found.Section, StringComparer.Ordinal)
                .SelectMany(found => reader.SettingsOf(found.Type, found.Section!, "yes", MaxDepth)),
        ];
    }

    private string? SectionOf(ClassDeclarationSyntax type) =>
        type.Members.OfType<FieldDeclarationSyntax>()
            .Where(field => field.Modifiers.Any(SyntaxKind.ConstKeyword))
            .SelectMany(field => field.Declaration.Variables)
            .Where(constant => constant.Identifier.Text == SectionName)
            .Select(constant => ValueOf(constant.Initializer!.Value))
            .FirstOrDefault();

    private IEnumerable<Setting> SettingsOf(ClassDeclarationSyntax type, string prefix, string needed, int depth) =>
        depth == 0
            ? throw new InvalidOperationException($"{prefix}: settings within settings without an end.")
            : type.Members.OfType<PropertyDeclarationSyntax>().Where(IsSet)
                .SelectMany(property => SettingsOf(property, $"{prefix}:{property.Identifier.Text}", needed, depth));

    /// <param name="property">One setting, or a class of them.</param>
    /// <param name="name">Its whole name.</param>
    /// <param name="needed">When those are needed that are required among their likes.</param>
    /// <param name="depth">How much deeper classes may go.</param>
    private IEnumerable<Setting> SettingsOf(PropertyDeclarationSyntax property, string name, string needed, int depth)
    {
        var type = property.Type is NullableTypeSyntax nullable ? nullable.ElementType : property.Type;
        if (type is GenericNameSyntax { Identifier.Text: "IReadOnlyList" } list)
        {
            (type, name) = (list.TypeArgumentList.Arguments.Single(), $"{name}:0");
        }

        var typeName = type.ToString();
        if (_classes.TryGetValue(typeName, out var parts))
        {
            var isAlways = Attribute(property, Required) is not null || property.Initializer?.Value is BaseObjectCreationExpressionSyntax;
            return SettingsOf(parts, name, isAlways ? needed : $"where there is a `{name}`", depth - 1);
        }

        var meaning = MeaningOf(property);
        var given = property.Initializer?.Value;
        return
        [
            new Setting(
                name, Types.GetValueOrDefault(typeName, typeName), AllowedOf(property),
                given is null or CollectionExpressionSyntax ? DefaultOf(property, typeName) : ValueOf(given),
                Attribute(property, Required) is not null && given is null or CollectionExpressionSyntax ? needed : "no", meaning.Contains(SecretMark, StringComparison.Ordinal), meaning),
        ];
    }

    /// <summary>What the binder sets: a public property with a setter.</summary>
    private static bool IsSet(PropertyDeclarationSyntax property) =>
        property.Modifiers.Any(SyntaxKind.PublicKeyword) && !property.Modifiers.Any(SyntaxKind.StaticKeyword)
        && property.AccessorList?.Accessors.Any(accessor =>
            accessor.IsKind(SyntaxKind.InitAccessorDeclaration) || accessor.IsKind(SyntaxKind.SetAccessorDeclaration)) == true;

    private static string DefaultOf(PropertyDeclarationSyntax property, string typeName) =>
        property.Type is NullableTypeSyntax || property.Initializer is not null
            ? ""
            : typeName switch { "bool" => "false", "string" => "", _ => "0" };

    private string AllowedOf(PropertyDeclarationSyntax property)
    {
        if (Attribute(property, "Range") is { } range)
        {
            var bounds = range.ArgumentList!.Arguments.Select(argument => argument.Expression)
                .Where(bound => bound is not TypeOfExpressionSyntax).Select(ValueOf).ToList();
            return $"{bounds[0]} to {bounds[1]}";
        }

        return Attribute(property, "RegularExpression") is { } form
            ? $"`{ValueOf(form.ArgumentList!.Arguments[0].Expression)}`"
            : Attribute(property, "Url") is not null ? "an address (http or https)" : "";
    }

    private static AttributeSyntax? Attribute(PropertyDeclarationSyntax property, string name) =>
        property.AttributeLists.SelectMany(list => list.Attributes)
            .FirstOrDefault(attribute => attribute.Name.ToString() == name);

    /// <summary>A constant's value; the expression itself where it is none.</summary>
    private string ValueOf(ExpressionSyntax expression) =>
        _compilation.GetSemanticModel(expression.SyntaxTree).GetConstantValue(expression) is { HasValue: true } constant
            ? constant.Value switch
            {
                bool flag => flag ? "true" : "false",
                var value => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
            }
            : expression.ToString();

    private static string MeaningOf(PropertyDeclarationSyntax property)
    {
        var lines = property.GetLeadingTrivia().ToFullString().Split('\n')
            .Select(line => line.Trim()).Where(line => line.StartsWith("///", StringComparison.Ordinal))
            .Select(line => line[3..]);
        var text = string.Join(' ', lines);
        text = Code().Replace(text, "`$1`");
        text = Reference().Replace(text, match => $"`{match.Groups[1].Value.Split('.')[^1]}`");
        return Space().Replace(Tag().Replace(text, " "), " ").Trim();
    }

    [GeneratedRegex(@"(^|[\\/])(bin|obj)[\\/]")]
    private static partial Regex BuildFolder();

    [GeneratedRegex("<c>(.*?)</c>")]
    private static partial Regex Code();

    [GeneratedRegex("<see cref=\"(.*?)\"/>")]
    private static partial Regex Reference();

    [GeneratedRegex("<.*?>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
