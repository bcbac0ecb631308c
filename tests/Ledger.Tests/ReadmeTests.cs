using System.Runtime.CompilerServices;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Tests;

public sealed class ReadmeTests
{
    [Fact]
    public async Task The_worked_example_of_the_chain_is_what_the_code_computes()
    {
        var wallet = new WalletKey(IdOf(2), Mode.Test);
        var first = OperationChain.HashOf(OperationHash.Zero, new ChainedOperation(
            wallet, 1, IdOf(3), "deposit", new(1_141_483), new(1_141_483), IdOf(4),
            new DateTimeOffset(2026, 6, 19, 12, 0, 0, 120, TimeSpan.Zero), "Пополнение 125.5 USDT"));
        var second = OperationChain.HashOf(first, new ChainedOperation(
            wallet, 2, IdOf(5), "payment", new(-150_000), new(991_483), IdOf(6),
            new DateTimeOffset(2026, 6, 19, 12, 5, 0, TimeSpan.Zero).AddMicroseconds(1), "Оплата по QR"));

        Assert.Equal("c26fe01c5852bffc8463d29c4a619ce1791336047740c20888480095fc99ca93", first.ToString());
        Assert.Equal("3d17b18b8fa299cdfcd76fba43d7de2a3cfcf4112716ee6bd393f8aa59ee6493", second.ToString());
        var readme = await File.ReadAllTextAsync(ReadmePath(), LedgerHost.Token);
        Assert.Contains($"    {first}\n    {second}\n", readme, StringComparison.Ordinal);
    }

    private static Guid IdOf(int last) => Guid.Parse($"01990000-0000-7000-8000-00000000000{last}");

    private static string ReadmePath([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../Services/Ledger/README.md");
}
