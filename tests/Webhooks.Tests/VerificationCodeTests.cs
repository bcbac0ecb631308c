using System.Diagnostics;
using System.Text;
using System.Text.Json;
using ArdorQr.Webhooks.Domain;
using Shop;

namespace ArdorQr.Webhooks.Tests;

/// <summary>
/// The code that the contract gives merchants to copy, taken from there and run on signatures of ours. A language whose
/// runtime isn't on the machine is skipped.
/// </summary>
public sealed class VerificationCodeTests
{
    private const string Secret = "whsec_новый"; // Any text is a key.
    private const string OldSecret = "whsec_old";
    private const int RunTimeoutSeconds = 120; // Go compiles its library first.

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_781_870_400);
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"id":1,"name":"ООО «Ромашка»"}""");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed record Case(string Name, string Secret, string Header, byte[] Body, long Now, bool Right);

    [Fact]
    public async Task Node() => await RunAsync("javascript", "verify.mjs", "node", ["verify.mjs"],
        """

        import { readFileSync } from 'node:fs';
        for (const { secret, header, body, now } of JSON.parse(readFileSync(0, 'utf8'))) {
          console.log(Number(verify(secret, header, Buffer.from(body, 'base64'), now)));
        }
        """);

    [Fact]
    public async Task Python() => await RunAsync("python", "verify.py", "python3", ["verify.py"],
        """

        import base64, json, sys
        for case in json.load(sys.stdin):
            print(int(verify(case["secret"], case["header"], base64.b64decode(case["body"]), case["now"])))
        """);

    [Fact]
    public async Task Php() => await RunAsync("php", "verify.php", "php", ["verify.php"],
        """

        foreach (json_decode(file_get_contents('php://stdin'), true) as $case) {
            echo (int) verify($case['secret'], $case['header'], base64_decode($case['body']), $case['now']), "\n";
        }
        """);

    [Fact]
    public async Task Go() => await RunAsync("go", "verify.go", "go", ["run", "verify.go", "main.go"], "", ("main.go",
        """
        package main

        import (
            "encoding/json"
            "fmt"
            "os"
            "time"
        )

        func main() {
            var cases []struct {
                Secret, Header string
                Body           []byte
                Now            int64
            }
            if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
                panic(err)
            }
            for _, c := range cases {
                if Verify(c.Secret, c.Header, c.Body, time.Unix(c.Now, 0)) {
                    fmt.Println(1)
                } else {
                    fmt.Println(0)
                }
            }
        }
        """));

    [Fact]
    public async Task CSharp()
    {
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Root(), "tests/Webhooks.Tests/ArdorWebhook.cs"), Token),
            await CodeAsync("csharp"));

        Assert.All(Cases(), given => Assert.Equal(
            (given.Name, given.Right),
            (given.Name, ArdorWebhook.Verify(
                given.Secret, given.Header, given.Body, DateTimeOffset.FromUnixTimeSeconds(given.Now)))));
    }

    private static IReadOnlyList<Case> Cases()
    {
        var both = Signature.Header(Now, Body, [Secret, OldSecret]);
        var right = Signature.Header(Now, Body, [Secret]);
        var now = Now.ToUnixTimeSeconds();
        return
        [
            new("right", Secret, right, Body, now, true),
            new("at the end of its time", Secret, right, Body, now + 300, true),
            new("after its time", Secret, right, Body, now + 301, false),
            new("before its time", Secret, right, Body, now - 301, false),
            new("the new one of two", Secret, both, Body, now, true),
            new("the old one of two", OldSecret, both, Body, now, true),
            new("another's secret", "whsec_other", both, Body, now, false),
            new("another body", Secret, right, [.. Body, (byte)'\n'], now, false),
            new("another time", Secret, right.Replace("t=178", "t=179", StringComparison.Ordinal), Body,
                now + 10_000_000, false),
            new("empty", Secret, "", Body, now, false),
            new("no time", Secret, right[right.IndexOf("v1", StringComparison.Ordinal)..], Body, now, false),
            new("no signature", Secret, right[..right.IndexOf(',', StringComparison.Ordinal)], Body, now, false),
            new("no number", Secret, right.Replace("t=", "t=x", StringComparison.Ordinal), Body, now, false),
            new("two times", Secret, right + ",t=1", Body, now, false),
            new("no hex", Secret, $"t={now},v1=ю,v1=", Body, now, false),
            new("an empty body", Secret, Signature.Header(Now, [], [Secret]), [], now, true),
        ];
    }

    private static async Task RunAsync(
        string language, string file, string program, string[] arguments, string harness,
        (string Name, string Text)? second = null)
    {
        if (!IsInstalled(program))
        {
            Assert.Skip($"{program} is not on this machine.");
        }

        var folder = Directory.CreateTempSubdirectory("ardorqr-verify-");
        try
        {
            var code = (await CodeAsync(language))
                .Replace("package webhooks", "package main", StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, file), code + harness, Token);
            if (second is { } other)
            {
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, other.Name), other.Text, Token);
            }

            var cases = Cases();
            var answers = await RunAsync(
                folder.FullName, program, arguments, JsonSerializer.Serialize(cases, JsonSerializerOptions.Web));
            Assert.Equal(
                cases.Select(given => $"{given.Name}: {(given.Right ? 1 : 0)}"),
                cases.Zip(answers, (given, answer) => $"{given.Name}: {answer}"));
            Assert.Equal(cases.Count, answers.Length);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string[]> RunAsync(string folder, string program, string[] arguments, string input)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Token);
        timeout.CancelAfter(TimeSpan.FromSeconds(RunTimeoutSeconds));
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(timeout.Token);
        await process.StandardInput.WriteAsync(input.AsMemory(), timeout.Token);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(timeout.Token);
        await process.WaitForExitAsync(timeout.Token);
        Assert.True(process.ExitCode == 0, await errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static bool IsInstalled(string program) => Environment.GetEnvironmentVariable("PATH")!.Split(':')
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    /// <summary>The code block of a language in the contract's description, as a merchant copies it.</summary>
    private static async Task<string> CodeAsync(string language)
    {
        const string indent = "    ";
        var contract = await File.ReadAllLinesAsync(Path.Combine(Root(), "Gateway/Contract/openapi.yaml"), Token);
        var lines = contract.SkipWhile(line => line != $"{indent}```{language}").Skip(1)
            .TakeWhile(line => line != $"{indent}```").ToList();
        Assert.NotEmpty(lines);
        return string.Concat(lines.Select(line => (line.Length == 0 ? line : line[indent.Length..]) + "\n"));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "ArdorQr.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
