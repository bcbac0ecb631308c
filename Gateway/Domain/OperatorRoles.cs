namespace ArdorQr.Gateway.Domain;

/// <summary>What operators may do. Every one of them may look.</summary>
internal static class OperatorRoles
{
    public const string Viewer = "viewer";

    /// <summary>Merchants, their keys, dead letters.</summary>
    public const string Support = "support";

    /// <summary>Adjustments, settlements, and the second word on others'.</summary>
    public const string Finance = "finance";

    /// <summary>Operators, and all else.</summary>
    public const string Admin = "admin";

    public static IReadOnlyList<string> All { get; } = [Viewer, Support, Finance, Admin];

    public static bool Suffice(IReadOnlyList<string> roles, string needed) =>
        needed == Viewer || roles.Contains(needed) || roles.Contains(Admin);
}
