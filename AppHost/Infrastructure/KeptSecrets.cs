using System.Security.Cryptography;
using System.Text.Json;

namespace ArdorQr.AppHost.Infrastructure;

/// <summary>
/// Passwords, tokens and keys of a development start: made once and kept beside the data that they open, readable by
/// their owner only. Holds the folder until disposed, so that two starts never run on the same data.
/// </summary>
internal sealed class KeptSecrets : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int PasswordBytes = 24;

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    private readonly string _file;
    private readonly FileStream _folderLock;
    private readonly SortedDictionary<string, string> _values;

    private KeptSecrets(string file, FileStream folderLock, SortedDictionary<string, string> values) =>
        (_file, _folderLock, _values) = (file, folderLock, values);

    public static KeptSecrets Open(string dataFolder)
    {
        try
        {
            Directory.CreateDirectory(dataFolder);
            var folderLock = Lock(dataFolder);
            var file = Path.Combine(dataFolder, "secrets.json");
            if (File.Exists(file))
            {
                var values = JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(file));
                return new(file, folderLock, values!);
            }

            return Directory.Exists(Path.Combine(dataFolder, "postgres"))
                ? throw new SetupException(
                    $"{file} is missing, and without it the data beside it can't be opened. "
                    + "Put it back, or begin anew: ./run --reset")
                : new(file, folderLock, []);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new SetupException($"The data folder {dataFolder} can't be used: {exception.Message}");
        }
    }

    /// <summary>A password that needs no escaping in a connection string or a URI.</summary>
    public string Password(string name) =>
        Get(name, () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes)));

    public string Get(string name, Func<string> make)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            _values[name] = value = make();
            WritePrivately(_file, JsonSerializer.Serialize(_values, _indented));
        }

        return value;
    }

    /// <summary>Replaces the file at once: a reader sees the old text or the new; only the owner sees any.</summary>
    public static void WritePrivately(string file, string text)
    {
        var next = file + ".next";
        File.Delete(next);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var writer = new StreamWriter(next, options))
        {
            writer.Write(text);
        }

        File.Move(next, file, overwrite: true);
    }

    public void Dispose() => _folderLock.Dispose();

    private static FileStream Lock(string dataFolder)
    {
        try
        {
            return new(Path.Combine(dataFolder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception.GetType() == typeof(IOException))
        {
            throw new SetupException(
                $"The data folder {dataFolder} is in use by another start of the system. ({exception.Message})");
        }
    }
}
