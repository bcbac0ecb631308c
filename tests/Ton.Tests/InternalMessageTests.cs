using System.Globalization;
using System.Text.Json;

namespace ArdorQr.Ton.Tests;

public sealed class InternalMessageTests
{
    private static readonly List<JsonElement> Messages = Samples.Toncenter("traces").At("traces")[0].At("transactions")
        .EnumerateObject()
        .SelectMany(transaction => transaction.Value.At("out_msgs").EnumerateArray().Append(transaction.Value.At("in_msg")))
        .Concat(Samples.Toncenter("pendingTransactions").At("transactions").EnumerateArray().Select(t => t.At("in_msg")))
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
