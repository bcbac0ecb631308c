namespace ArdorQr.Settings;

/// <summary>One setting of a service.</summary>
/// <param name="Name">As in a configuration file, such as <c>Payments:FeeBps</c>; <c>0</c> is any number of a list.</param>
/// <param name="Type">What it is, for people: number, text, yes or no.</param>
/// <param name="Allowed">Its range or form; empty for any.</param>
/// <param name="Default">Empty for none.</param>
/// <param name="Needed">Whether the service doesn't start without it, and where that depends on another setting.</param>
/// <param name="IsSecret">Never in a log, a file of the repository or an image.</param>
/// <param name="Meaning">The docstring.</param>
internal sealed record Setting(
    string Name, string Type, string Allowed, string Default, string Needed, bool IsSecret, string Meaning);
