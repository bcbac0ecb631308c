using System.Globalization;
using System.Text.Json;

namespace ArdorQr.Ton.Tests;

public sealed class InternalMessageTests
{
    private static readonly List<JsonElement> Messages = Samples.Toncenter("traces").At("traces")[0].At("transactions")
        .EnumerateObject().Select(member => member.Value)
        .Concat(Samples.Toncenter("pendingTransactions").At("transactions").EnumerateArray())
        .SelectMany(transaction => transaction.At("out_msgs").EnumerateArray().Append(transaction.At("in_msg")))
        .Where(message => message.Text("source") is not null)
        .ToList();

    [Fact]
    public void The_hash_of_every_internal_message_follows_from_its_fields()
    {
        Assert.Equal(9, Messages.Count);
        Assert.All(Messages, message =>
        {
            // Jetton wallets put bodies in a reference; the short excesses is written inline.
            var bodyInRef = message.Text("decoded_opcode") != "excess";
            Assert.Equal(message.Text("hash"), MessageOf(message, bodyInRef).ToCell().HashBase64);
        });
    }

    [Theory]
    [InlineData(true, false, false, 0b0100)]
    [InlineData(false, true, false, 0b0010)]
    [InlineData(false, false, true, 0b0001)]
    public void The_flags_of_a_message_follow_its_tag(bool ihrDisabled, bool bounce, bool bounced, int firstBits)
    {
        var message = MessageOf(Messages[0], bodyInRef: true) with
        {
            IhrDisabled = ihrDisabled, Bounce = bounce, Bounced = bounced,
        };

        Assert.Equal((ulong)firstBits, message.ToCell().BeginParse().LoadUInt(4));
    }

    private static InternalMessage MessageOf(JsonElement message, bool bodyInRef) => new()
    {
        Source = message.Address("source")!.Value,
        Destination = message.Address("destination")!.Value,
        ValueNanoTons = Number(message, "value"),
        ForwardFeeNanoTons = Number(message, "fwd_fee"),
        IhrFeeNanoTons = Number(message, "ihr_fee"),
        IhrDisabled = message.At("ihr_disabled").GetBoolean(),
        Bounce = message.At("bounce").GetBoolean(),
        Bounced = message.At("bounced").GetBoolean(),
        CreatedLt = (ulong)Number(message, "created_lt"),
        CreatedAtUnixSeconds = (uint)Number(message, "created_at"),
        StateInit = message.At("init_state").ValueKind == JsonValueKind.Null
            ? null
            : StateInit.FromCell(BagOfCells.ParseBase64(message.At("init_state").Text("body"))),
        Body = BagOfCells.ParseBase64(message.At("message_content").Text("body")),
        BodyInRef = bodyInRef,
    };

    private static UInt128 Number(JsonElement message, string name) =>
        UInt128.Parse(message.Text(name), CultureInfo.InvariantCulture);
}
