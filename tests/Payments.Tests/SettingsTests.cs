namespace ArdorQr.Payments.Tests;

/// <summary>The wall between the worlds, as the settings are held to it at start.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("sandbox", "sandbox", "https://live.example/", "Live:Environment is a sandbox's")]
    [InlineData("production", "production", "https://live.example/", "Test:Environment is not a sandbox's")]
    [InlineData("production", "sandbox", "https://test.example/", "Live:Url is test's")]
    public void Worlds_that_share_a_rail_do_not_start(string live, string test, string liveUrl, string fault)
    {
        var result = new RailWorldsValidator().Validate(null, new PaymentsOptions
        {
            Rails = new RailsOptions { Live = Rail(live, liveUrl), Test = Rail(test, "https://test.example/") },
        });

        Assert.Contains(result.Failures!, failure => failure.Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Two_worlds_of_their_own_start()
    {
        var result = new RailWorldsValidator().Validate(null, new PaymentsOptions
        {
            Rails = new RailsOptions { Live = Rail("production", "https://live.example/"), Test = Rail("sandbox", "https://test.example/") },
        });

        Assert.True(result.Succeeded);
    }

    [Fact]
    public void A_rail_without_its_secrets_is_named()
    {
        var result = new PaymentsOptionsValidator().Validate(null, new PaymentsOptions { Rails = new RailsOptions { Test = new RailOptions() } });

        foreach (var setting in new[] { "Url", "Name", "Token", "CallbackSecret", "Environment" })
        {
            Assert.Contains(result.Failures!, failure => failure.Contains($"Test.{setting}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Keys_that_are_none_are_named_and_not_repeated()
    {
        const string tooShort = "c2hvcnQ=";
        var result = new PaymentsOptionsValidator().Validate(
            null, new PaymentsOptions { EncryptionKey = tooShort, RetiredEncryptionKeys = [PaymentsHarness.EncryptionKey, "none"] });

        foreach (var setting in new[] { "EncryptionKey", "RetiredEncryptionKeys" })
        {
            Assert.Contains(
                result.Failures!, failure => failure.Contains($".{setting} must be 32 bytes in base64", StringComparison.Ordinal));
        }

        Assert.DoesNotContain(tooShort, result.FailureMessage);
    }

    [Fact]
    public async Task Tables_of_banks_come_from_the_files_that_the_settings_name()
    {
        using var folder = new TemporaryFolder();
        var members = folder.Write("members.json", """{"members":[{"memberId":"100000000111","name":"Новое имя"}]}""");
        var banks = folder.Write("banks.json", """{"banks":[{"bic":"044525225","name":"ПАО Сбербанк России"}]}""");
        await using var payments = await PaymentsHarness.StartAsync(
            new() { ["Payments:Qr:SbpMembersFile"] = members, ["Payments:Qr:BanksFile"] = banks });

        var sbp = await payments.CreateAsync();
        var transfer = await payments.CreateAsync(new { qr = Qr.QrTexts.BankTransfer("|Sum=100") });

        Assert.Equal("Новое имя", sbp["merchantBank"]!.GetValue<string>());
        Assert.Equal("ПАО Сбербанк России", transfer["merchantBank"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData(null)]
    public void A_table_that_cannot_be_read_stops_the_start(string? content)
    {
        using var folder = new TemporaryFolder();
        var file = content is null ? "/absent/members.json" : folder.Write("members.json", content);

        var result = new QrOptionsValidator().Validate(null, new PaymentsOptions { Qr = new QrOptions { SbpMembersFile = file } });

        Assert.True(result.Failed);
    }

    private sealed class TemporaryFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ardorqr-");

        public string Write(string name, string text)
        {
            var path = Path.Combine(_folder.FullName, name);
            File.WriteAllText(path, text);
            return path;
        }

        public void Dispose() => _folder.Delete(recursive: true);
    }

    private static RailOptions Rail(string environment, string url) => new()
    {
        Url = new Uri(url),
        Name = "bank",
        Token = "token",
        CallbackSecret = "a-secret-of-sixteen-or-more",
        Environment = environment,
    };
}
