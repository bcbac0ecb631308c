using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Tests;

/// <summary>The verifier's command, run on files as a merchant would have downloaded them.</summary>
internal sealed class Verifier(WalletKey wallet) : IDisposable
{
    private const int PageSize = 3;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ardorqr-verifier-");

    public async Task<(int Code, string Text)> RunAsync(
        IEnumerable<JsonNode> operations, IEnumerable<JsonNode>? checkpoints = null, ECDsa? key = null, string? mode = null)
    {
        List<string> args = ["--merchant", $"{wallet.MerchantId}", "--mode", mode ?? wallet.Mode.Code];
        foreach (var (index, page) in operations.Chunk(PageSize).Index())
        {
            var array = new JsonArray([.. page.Select(operation => operation.DeepClone())]);
            args.Add(await WriteAsync($"page{index}.json", new JsonObject { ["operations"] = array }));
        }

        foreach (var (index, checkpoint) in (checkpoints ?? []).Index())
        {
            args.AddRange("--checkpoint", await WriteAsync($"checkpoint{index}.json", checkpoint));
        }

        if (key is not null)
        {
            var file = Path.Combine(_folder.FullName, "key.pem");
            await File.WriteAllTextAsync(file, key.ExportSubjectPublicKeyInfoPem(), LedgerHost.Token);
            args.AddRange("--public-key", file);
        }

        using var output = new StringWriter(CultureInfo.InvariantCulture);
        var code = await VerifyOperations.Command.RunAsync([.. args], output, LedgerHost.Token);
        return (code, output.ToString());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<string> WriteAsync(string name, JsonNode content)
    {
        var file = Path.Combine(_folder.FullName, name);
        await File.WriteAllTextAsync(file, content.ToJsonString(), LedgerHost.Token);
        return file;
    }
}
