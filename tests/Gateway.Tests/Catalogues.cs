using System.Reflection;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Tests;

/// <summary>The catalogues of errors of all services, read as they are.</summary>
internal static class Catalogues
{
    private const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly string[] Services = ["Deposits", "Gateway", "Ledger", "Payments", "Sandbox", "Webhooks"];

    public static IReadOnlyList<Assembly> Assemblies { get; } =
        [.. Services.Select(service => Assembly.Load($"ArdorQr.{service}")), typeof(CommonErrors).Assembly];

    /// <summary>Every error that a service can answer: properties as they are, methods with some arguments.</summary>
    public static IReadOnlyList<ApiError> All { get; } =
        [.. Assemblies.SelectMany(assembly => assembly.GetTypes()).Where(IsCatalogue).SelectMany(ErrorsOf)];

    /// <summary>The messages that take no arguments, by code; what is common to all services first.</summary>
    public static ILookup<string, string> Messages { get; } = Assemblies.Reverse().SelectMany(assembly => assembly.GetTypes())
        .Where(IsCatalogue).SelectMany(catalogue => catalogue.GetProperties(Static))
        .Where(property => property.PropertyType == typeof(ApiError)).Select(property => (ApiError)property.GetValue(null)!)
        .ToLookup(error => error.Code, error => error.Message);

    public static IEnumerable<Type> Types => Assemblies.SelectMany(assembly => assembly.GetTypes()).Where(IsCatalogue);

    private static bool IsCatalogue(Type type) => type.Name.EndsWith("Errors", StringComparison.Ordinal) && type is { IsAbstract: true, IsSealed: true };

    private static IEnumerable<ApiError> ErrorsOf(Type catalogue)
    {
        foreach (var property in catalogue.GetProperties(Static).Where(property => property.PropertyType == typeof(ApiError)))
        {
            yield return (ApiError)property.GetValue(null)!;
        }

        foreach (var method in catalogue.GetMethods(Static).Where(method => method.ReturnType == typeof(ApiError) && !method.IsSpecialName))
        {
            if (method.GetParameters() is [{ ParameterType.Name: "QrRefusal" } refusal])
            {
                foreach (var error in RefusalsIn(catalogue.Assembly, refusal.ParameterType).Select(value => (ApiError)method.Invoke(null, [value])!))
                {
                    yield return error;
                }
            }
            else if (!method.Name.StartsWith("Of", StringComparison.Ordinal)) // Those choose among the others.
            {
                yield return (ApiError)method.Invoke(null, [.. method.GetParameters().Select(Some)])!;
            }
        }
    }

    /// <summary>The refusals of codes are a catalogue of their own.</summary>
    private static IEnumerable<object> RefusalsIn(Assembly assembly, Type refusal)
    {
        var catalogue = assembly.GetTypes().Single(type => type.Name == "QrRefusals");
        return catalogue.GetProperties(Static).Where(property => property.PropertyType == refusal).Select(property => property.GetValue(null)!)
            .Concat(catalogue.GetMethods(Static).Where(method => method.ReturnType == refusal && !method.IsSpecialName)
                .Select(method => method.Invoke(null, [.. method.GetParameters().Select(Some)])!));
    }

    private static object? Some(ParameterInfo parameter) => parameter.ParameterType switch
    {
        var type when type == typeof(string) => parameter.Name == "message" ? "Сообщение." : "sbp",
        var type when type == typeof(int) => 500,
        var type when type == typeof(long) => 100_000_000L,
        var type when type == typeof(Kopecks) => new Kopecks(100),
        var type when type.IsValueType && Nullable.GetUnderlyingType(type) is null => Activator.CreateInstance(type),
        _ => null,
    };
}
