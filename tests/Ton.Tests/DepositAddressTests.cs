using System.Text.Json;

namespace ArdorQr.Ton.Tests;

public sealed class DepositAddressTests
{
    public static TheoryData<int> Vectors => Samples.Numbers(Samples.Deposits.At("deposits"));

    [Theory, MemberData(nameof(Vectors))]
    public void A_wallet_is_derived_from_its_key_and_id(int number)
    {
        var vector = Samples.Deposits.At("deposits")[number];
        var stateInit = StateInitOf(vector);
        var address = stateInit.AddressIn(vector.At("workchain").GetInt32());
        var testOnly = vector.Text("network") == "testnet";

        Assert.Equal(vector.Text("codeHashHex"), stateInit.Code.HashHex);
        Assert.Equal(vector.At("codeDepth").GetInt32(), stateInit.Code.Depth);
        Assert.Equal(vector.Text("dataHashHex"), stateInit.Data.HashHex);
        Assert.Equal(vector.At("dataBits").GetInt32(), stateInit.Data.BitLength);
        Assert.Equal(vector.Text("dataBocBase64"), BagOfCells.ToBase64(stateInit.Data));
        Assert.Equal(vector.Text("stateInitHashHex"), stateInit.ToCell().HashHex);
        Assert.Equal(vector.Text("stateInitBocBase64"), BagOfCells.ToBase64(stateInit.ToCell()));
        Assert.Equal(stateInit, StateInit.FromCell(stateInit.ToCell()));
        Assert.Equal(vector.Text("raw"), address.ToRaw());
        Assert.Equal(vector.Text("nonBounceable"), address.ToFriendly(bounceable: false, testOnly));
        Assert.Equal(vector.Text("bounceable"), address.ToFriendly(bounceable: true, testOnly));
    }

    [Theory, MemberData(nameof(Vectors))]
    public void A_merchants_address_is_the_wallet_of_its_number(int number)
    {
        var vector = Samples.Deposits.At("deposits")[number];
        if (!vector.TryGetProperty("context", out var context) || context.Text("kind") != "custom")
        {
            return; // Only wallets with a custom context stand for merchants.
        }

        var (networkGlobalId, merchant) = (vector.At("networkGlobalId").GetInt32(), context.At("value").GetUInt32());
        Assert.Equal(vector.At("walletIdInt32").GetInt32(), WalletV5R1.WalletIdOf(networkGlobalId, merchant));
        Assert.Equal(
            vector.Text("raw"),
            WalletV5R1.AddressOf(vector.Hex("publicKeyHex"), networkGlobalId, merchant).ToRaw());
    }

    [Fact]
    public void The_networks_are_those_of_the_vectors()
    {
        foreach (var vector in Samples.Deposits.At("deposits").EnumerateArray())
        {
            if (vector.TryGetProperty("networkGlobalId", out var id))
            {
                var isMainnet = vector.Text("network") == "mainnet";
                Assert.Equal(isMainnet ? WalletV5R1.MainnetGlobalId : WalletV5R1.TestnetGlobalId, id.GetInt32());
            }
        }
    }

    [Fact]
    public void A_number_of_32_bits_or_a_key_of_another_length_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => WalletV5R1.AddressOf(new byte[32], -239, 1U << 31));
        Assert.Throws<ArgumentException>(() => WalletV5R1.AddressOf(new byte[31], -239, 1));
    }

    [Fact]
    public void A_state_of_another_shape_is_refused()
    {
        var cell = new CellBuilder().StoreRef(Cell.Empty).StoreRef(Cell.Empty);

        Assert.Throws<TonFormatException>(() => StateInit.FromCell(Cell.Empty));
        Assert.Throws<TonFormatException>(() => StateInit.FromCell(cell.StoreUInt(0b00111, 5).Build()));
        Assert.Throws<TonFormatException>(
            () => StateInit.FromCell(new CellBuilder().StoreUInt(0b00110, 5).StoreRef(Cell.Empty).Build()));
    }

    /// <summary>Versions 3 and 4 are not the product's, but their vectors test the cells all the same.</summary>
    private static StateInit StateInitOf(JsonElement vector)
    {
        var (version, key) = (vector.Text("version"), vector.Hex("publicKeyHex"));
        var code = BagOfCells.ParseBase64(Samples.Deposits.At("codes", version).Text("codeBocBase64"));
        if (version == "v5R1")
        {
            Assert.Equal(code, WalletV5R1.Code);
            return WalletV5R1.StateInitOf(key, vector.At("walletIdInt32").GetInt32());
        }

        var data = new CellBuilder()
            .StoreUInt(0, 32).StoreUInt(vector.At("walletIdUInt32").GetUInt32(), 32).StoreBytes(key);
        return new StateInit(code, version == "v4R2" ? data.StoreBit(false).Build() : data.Build());
    }
}
