using System.Globalization;
using System.Text.Json;

namespace ArdorQr.Ton.Tests;

public sealed class JettonMessagesTests
{
    private static readonly TonAddress Someone = new(0, Convert.FromHexString(new string('5', 64)));

    public static TheoryData<int> Vectors => Samples.Numbers(Samples.Cells.At("jettonBodies"));

    [Theory, MemberData(nameof(Vectors))]
    public void A_body_is_read_and_written_byte_for_byte(int number)
    {
        var vector = Samples.Cells.At("jettonBodies")[number];
        var body = BagOfCells.ParseBase64(vector.Text("bocBase64"));
        var (queryId, amount) = ((ulong)Number(vector, "queryId"), Number(vector, "amount"));

        Assert.Equal(vector.Text("hashHex"), body.HashHex);
        Assert.Equal(Convert.ToUInt32(vector.Text("opcode"), 16), JettonMessages.OpcodeOf(body));
        Cell written;
        ForwardPayload payload;
        switch (vector.Text("op"))
        {
            case "internal_transfer":
                Assert.True(JettonMessages.TryParse(body, out InternalTransfer? incoming));
                (payload, written) = (incoming.ForwardPayload, JettonMessages.Write(incoming));
                Assert.Equal(new InternalTransfer(
                    queryId, amount, vector.Address("from"), vector.Address("responseAddress"),
                    Number(vector, "forwardTonAmount"), payload), incoming);
                break;
            case "transfer":
                Assert.True(JettonMessages.TryParse(body, out JettonTransfer? outgoing));
                (payload, written) = (outgoing.ForwardPayload, JettonMessages.Write(outgoing));
                Assert.Equal(JsonValueKind.Null, vector.At("customPayload").ValueKind);
                Assert.Equal(new JettonTransfer(
                    queryId, amount, vector.Address("destination")!.Value, vector.Address("responseDestination"),
                    CustomPayload: null, Number(vector, "forwardTonAmount"), payload), outgoing);
                break;
            default:
                Assert.Equal("transfer_notification", vector.Text("op"));
                Assert.True(JettonMessages.TryParse(body, out TransferNotification? notice));
                (payload, written) = (notice.ForwardPayload, JettonMessages.Write(notice));
                Assert.Equal(new TransferNotification(queryId, amount, vector.Address("sender"), payload), notice);
                break;
        }

        AssertPayload(vector.At("forwardPayload"), payload);
        Assert.Equal(vector.Text("bocBase64"), BagOfCells.ToBase64(written));
    }

    [Fact]
    public void The_bodies_of_toncenters_trace_are_read_and_written()
    {
        var row = Samples.Toncenter("jetton-transfers").At("jetton_transfers")[0];
        var (amount, owner) = (Number(row, "amount"), row.Address("source")!.Value);
        var trace = Samples.Toncenter("traces").At("traces")[0].At("transactions");
        var bodies = trace.EnumerateObject()
            .SelectMany(transaction => transaction.Value.At("out_msgs").EnumerateArray())
            .ToDictionary(
                message => message.Text("decoded_opcode"),
                message => BagOfCells.ParseBase64(message.At("message_content").Text("body")));

        Assert.True(JettonMessages.TryParse(bodies["jetton_transfer"], out JettonTransfer? transfer));
        Assert.True(JettonMessages.TryParse(bodies["jetton_internal_transfer"], out InternalTransfer? incoming));
        Assert.True(JettonMessages.TryParse(bodies["jetton_notify"], out TransferNotification? notice));
        Assert.True(JettonMessages.TryParse(bodies["excess"], out Excesses? excesses));

        var payload = new ForwardPayload(BagOfCells.ParseBase64(row.Text("forward_payload")), InRef: true);
        Assert.Equal("order 17", payload.Comment);
        Assert.Equal(
            new JettonTransfer(20, amount, row.Address("destination")!.Value, owner, null, 1, payload), transfer);
        Assert.Equal(new InternalTransfer(20, amount, owner, owner, 1, payload), incoming);
        Assert.Equal(new TransferNotification(20, amount, owner, payload), notice);
        Assert.Equal(new Excesses(20), excesses);
        Assert.Equal(bodies["jetton_transfer"], JettonMessages.Write(transfer));
        Assert.Equal(bodies["jetton_internal_transfer"], JettonMessages.Write(incoming));
        Assert.Equal(bodies["jetton_notify"], JettonMessages.Write(notice));
        Assert.Equal(bodies["excess"], JettonMessages.Write(excesses));
    }

    [Fact]
    public void A_burn_is_read_and_written()
    {
        var burn = new JettonBurn(7, 100, Someone, BagOfCells.ParseBase64("te6cckEBAQEAAwAAAcCO6ba2"));

        Assert.True(JettonMessages.TryParse(JettonMessages.Write(burn), out JettonBurn? read));
        Assert.Equal(burn, read);
        var withoutTheBit = new CellBuilder()
            .StoreUInt(JettonMessages.BurnOpcode, 32).StoreUInt(7, 64).StoreCoins(100).StoreAddress(null).Build();
        Assert.True(JettonMessages.TryParse(withoutTheBit, out read));
        Assert.Equal(new JettonBurn(7, 100, null, null), read);
    }

    [Fact]
    public void Another_messages_body_is_not_read()
    {
        var body = JettonMessages.Write(new Excesses(1));

        Assert.False(JettonMessages.TryParse(body, out InternalTransfer? _));
        Assert.False(JettonMessages.TryParse(body, out JettonTransfer? _));
        Assert.False(JettonMessages.TryParse(body, out TransferNotification? _));
        Assert.False(JettonMessages.TryParse(body, out JettonBurn? _));
        Assert.False(JettonMessages.TryParse(Cell.Empty, out Excesses? _));
        Assert.Null(JettonMessages.OpcodeOf(Cell.Empty));
    }

    [Fact]
    public void A_body_cut_off_at_any_bit_before_its_payload_is_not_read()
    {
        var transfer = new InternalTransfer(20, 25_000_000, Someone, Someone, 1, ForwardPayload.Empty);
        var body = JettonMessages.Write(transfer);
        for (var bits = 0; bits < body.BitLength - 1; bits++)
        {
            Assert.False(JettonMessages.TryParse(FirstBits(body, bits), out InternalTransfer? _));
        }

        Assert.True(JettonMessages.TryParse(FirstBits(body, body.BitLength - 1), out InternalTransfer? read));
        Assert.Equal(transfer, read);
    }

    [Fact]
    public void A_payload_that_promises_a_reference_and_has_none_does_not_hide_the_amount()
    {
        var body = Until(JettonMessages.InternalTransferOpcode).StoreAddress(Someone).StoreAddress(null)
            .StoreCoins(1).StoreBit(true).StoreUInt(5, 7).Build();

        Assert.True(JettonMessages.TryParse(body, out InternalTransfer? read));
        Assert.Equal((UInt128)25_000_000, read.Amount);
        Assert.True(read.ForwardPayload.IsEmpty);
    }

    [Theory]
    [InlineData("01" + "000000100" + "1010")] // addr_extern of four bits
    [InlineData("10" + "1" + "00011" + "101" + "00000000")] // addr_std with anycast; its hash follows
    [InlineData("11" + "0" + "100000000" + "00000000000000000000000000000000")] // addr_var of 256 bits
    public void A_response_address_that_names_no_account_does_not_hide_the_amount(string bits)
    {
        var builder = Until(JettonMessages.InternalTransferOpcode).StoreAddress(Someone);
        foreach (var bit in bits)
        {
            builder.StoreBit(bit == '1');
        }

        var body = (bits.StartsWith("01", StringComparison.Ordinal) ? builder : builder.StoreBytes(Someone.GetHash()))
            .StoreCoins(3).StoreBit(false).Build();

        Assert.True(JettonMessages.TryParse(body, out InternalTransfer? read));
        Assert.Equal(new InternalTransfer(20, 25_000_000, Someone, null, 3, read.ForwardPayload), read);
    }

    [Fact]
    public void A_transfer_to_nobody_is_not_read()
    {
        var body = Until(JettonMessages.TransferOpcode).StoreAddress(null).StoreAddress(null)
            .StoreBit(false).StoreCoins(0).StoreBit(false).Build();

        Assert.False(JettonMessages.TryParse(body, out JettonTransfer? _));
    }

    private static CellBuilder Until(uint opcode) =>
        new CellBuilder().StoreUInt(opcode, 32).StoreUInt(20, 64).StoreCoins(25_000_000);

    private static Cell FirstBits(Cell cell, int bits)
    {
        var (slice, builder) = (cell.BeginParse(), new CellBuilder());
        for (; bits > 0; bits--)
        {
            builder.StoreBit(slice.LoadBit());
        }

        return builder.Build();
    }

    private static void AssertPayload(JsonElement expected, ForwardPayload payload)
    {
        Assert.Equal(expected.Text("place") == "ref", payload.InRef);
        Assert.Equal(expected.TryGetProperty("empty", out _), payload.IsEmpty);
        Assert.Equal(expected.TryGetProperty("comment", out var comment) ? comment.GetString() : null, payload.Comment);
        if (expected.TryGetProperty("hashHex", out var hash))
        {
            Assert.Equal(hash.GetString(), payload.Content.HashHex);
        }

        if (payload.Comment is { } text)
        {
            Assert.Equal(payload, ForwardPayload.OfComment(text, payload.InRef));
        }
    }

    private static UInt128 Number(JsonElement element, string name) =>
        UInt128.Parse(element.Text(name), CultureInfo.InvariantCulture);
}
