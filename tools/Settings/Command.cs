using ArdorQr.Settings;

// Writes docs/settings.md: run it from the repository's root after a change of a setting.
if (!File.Exists("ArdorQr.sln"))
{
    await Console.Error.WriteLineAsync("error: run this from the repository's root.");
    return 2;
}

await File.WriteAllTextAsync(SettingsTable.Page, SettingsTable.Write(Directory.GetCurrentDirectory()));
Console.WriteLine($"{SettingsTable.Page} is written.");
return 0;
