using System.Text.Json;

namespace ArdorQr.Ton.Tests;

public sealed class JettonWalletTests
{
    private static readonly JsonElement Usdt = Samples.JettonWallets.At("usdtMainnet");
    private static readonly JsonElement Tep74 = Samples.JettonWallets.At("tep74Standard");

    [Fact]
    public void The_constants_of_USDT_are_those_of_mainnet()
    {
        Assert.Equal(Usdt.Text("master"), JettonWallet.UsdtMainnetMaster.ToRaw());
        Assert.Equal(Usdt.Text("masterFriendly"), JettonWallet.UsdtMainnetMaster.ToFriendly(true, false));
        Assert.Equal(Usdt.Text("codeHashHex"), JettonWallet.UsdtMainnetCode.HashHex);
        Assert.Equal(Usdt.Text("codeHashBase64"), JettonWallet.UsdtMainnetCode.HashBase64);
        Assert.Equal(Usdt.Text("codeBocBase64"), BagOfCells.ToBase64(JettonWallet.UsdtMainnetCode));
        Assert.Equal(JettonWallet.UsdtMainnetCode, JettonWallet.LibraryCode(Usdt.Hex("realCodeHashHex")));
    }

    [Fact]
    public void Wallets_of_USDT_are_derived() => Assert.All(Usdt.At("wallets").EnumerateArray(), vector =>
        AssertDerived(vector, owner => JettonWallet.StateInitOf(
            owner, JettonWallet.UsdtMainnetMaster, JettonWallet.UsdtMainnetCode)));

    [Fact]
    public void Wallets_that_exist_on_mainnet_are_derived() =>
        Assert.All(Usdt.At("realMainnet").EnumerateArray(), vector => Assert.Equal(
            vector.Address("jettonWallet"),
            JettonWallet.AddressOf(
                vector.Address("owner")!.Value, JettonWallet.UsdtMainnetMaster, JettonWallet.UsdtMainnetCode)));

    [Fact]
    public void Wallets_of_the_standards_layout_are_derived()
    {
        var (master, code) = (Tep74.Address("master")!.Value, BagOfCells.ParseBase64(Tep74.Text("codeBocBase64")));

        Assert.Equal(Tep74.Text("codeHashHex"), code.HashHex);
        Assert.All(Tep74.At("wallets").EnumerateArray(), vector =>
        {
            AssertDerived(vector, owner => JettonWallet.Tep74StateInitOf(owner, master, code));
            Assert.Equal(
                vector.Address("jettonWallet"),
                JettonWallet.Tep74AddressOf(vector.Address("owner")!.Value, master, code));
        });
    }

    [Fact]
    public void The_wallets_of_toncenters_samples_are_derived()
    {
        var message = Samples.Toncenter("transactions-of-receiving-jetton-wallet").At("transactions")[0].At("in_msg");
        var stateInit = StateInit.FromCell(BagOfCells.ParseBase64(message.At("init_state").Text("body")));
        Assert.Equal(message.Address("destination"), stateInit.AddressIn(0));

        var transfer = Samples.Toncenter("jetton-transfers").At("jetton_transfers")[0];
        var master = transfer.Address("jetton_master")!.Value;
        Assert.Equal(
            transfer.Address("source_wallet"),
            JettonWallet.AddressOf(transfer.Address("source")!.Value, master, stateInit.Code));

        var wallet = Samples.Toncenter("jetton-wallets").At("jetton_wallets")[0];
        Assert.Equal(wallet.Text("code_hash"), stateInit.Code.HashBase64);
        Assert.Equal(
            wallet.Address("address"),
            JettonWallet.AddressOf(wallet.Address("owner")!.Value, master, stateInit.Code));

        var master0 = Samples.Toncenter("jetton-masters").At("jetton_masters")[0];
        Assert.Equal(master0.Text("jetton_wallet_code_hash"), stateInit.Code.HashBase64);
    }

    [Fact]
    public void The_get_method_of_the_master_is_asked_and_answers_in_slices_of_an_address()
    {
        var transfer = Samples.Toncenter("jetton-transfers").At("jetton_transfers")[0];
        var asked = Samples.Toncenter("runGetMethod.request").At("stack")[0].Text("value");
        var answer = Samples.Toncenter("runGetMethod.response").At("stack")[0].Text("value");
        var wallet = Samples.Toncenter("jetton-wallets").At("jetton_wallets")[0].Address("address");

        Assert.Equal(
            asked,
            BagOfCells.ToBase64(new CellBuilder().StoreAddress(transfer.Address("destination")).Build()));
        Assert.Equal(wallet, BagOfCells.ParseBase64(answer).BeginParse().LoadAddress());
    }

    private static void AssertDerived(JsonElement vector, Func<TonAddress, StateInit> stateInitOf)
    {
        var owner = vector.Address("owner")!.Value;
        var stateInit = stateInitOf(owner);
        var address = stateInit.AddressIn(0);

        Assert.Equal(vector.Text("ownerFriendly"), owner.ToFriendly(bounceable: false, testOnly: false));
        Assert.Equal(vector.Text("dataBocBase64"), BagOfCells.ToBase64(stateInit.Data));
        Assert.Equal(vector.Text("dataHashHex"), stateInit.Data.HashHex);
        Assert.Equal(vector.Text("jettonWallet"), address.ToRaw());
        Assert.Equal(vector.Text("jettonWalletFriendly"), address.ToFriendly(bounceable: true, testOnly: false));
    }
}
