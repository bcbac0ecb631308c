using System.Text.Json.Nodes;
using ArdorQr.Ton;
using static ArdorQr.Sandbox.Domain.ChainText;

namespace ArdorQr.Sandbox.Domain;

/// <summary>A transfer's rows as toncenter's API v3 shows them: the same members, the same kinds of values.</summary>
internal static class ChainDocuments
{
    private const string NoHash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private const string Shard = "8000000000000000";

    /// <summary>The row of /jetton/transfers: what the sender's jetton wallet did.</summary>
    public static JsonObject TransferRow(FaucetTransfer transfer) => new()
    {
        ["query_id"] = Text(transfer.Lt),
        ["source"] = FaucetTransfer.Sender.ToRawUpper(),
        ["destination"] = transfer.Owner.ToRawUpper(),
        ["amount"] = Text(transfer.Amount.Micros),
        ["source_wallet"] = transfer.SenderWallet.ToRawUpper(),
        ["jetton_master"] = transfer.Master.ToRawUpper(),
        ["transaction_hash"] = transfer.TransactionHash(FaucetTransfer.SenderWalletStep),
        ["transaction_lt"] = Text(transfer.LtOf(FaucetTransfer.SenderWalletStep)),
        ["transaction_now"] = transfer.At.ToUnixTimeSeconds(),
        ["transaction_aborted"] = false,
        ["response_destination"] = FaucetTransfer.Sender.ToRawUpper(),
        ["custom_payload"] = null,
        ["decoded_custom_payload"] = null,
        ["forward_ton_amount"] = "1",
        ["forward_payload"] = null,
        ["decoded_forward_payload"] = null,
        ["trace_id"] = transfer.TransactionHash(FaucetTransfer.SenderStep),
    };

    /// <summary>The transactions of /transactions, one per account that ran.</summary>
    public static IEnumerable<JsonObject> Transactions(FaucetTransfer transfer)
    {
        yield return Transaction(
            transfer, FaucetTransfer.SenderWalletStep, transfer.SenderWallet, "active", transfer.Transfer, [transfer.Internal]);
        yield return Transaction(
            transfer, FaucetTransfer.ReceiverWalletStep, transfer.ReceiverWallet, "uninit", transfer.Internal,
            [transfer.Notification, transfer.Excess]);
    }

    private static JsonObject Transaction(
        FaucetTransfer transfer, int step, TonAddress account, string statusBefore, InternalMessage received, InternalMessage[] sent) => new()
        {
            ["account"] = account.ToRawUpper(),
            ["hash"] = transfer.TransactionHash(step),
            ["lt"] = Text(transfer.LtOf(step)),
            ["now"] = transfer.At.ToUnixTimeSeconds(),
            ["mc_block_seqno"] = transfer.Seqno,
            ["trace_id"] = transfer.TransactionHash(FaucetTransfer.SenderStep),
            ["trace_external_hash"] = Digest($"external:{transfer.Lt}"),
            ["prev_trans_hash"] = NoHash,
            ["prev_trans_lt"] = "0",
            ["orig_status"] = statusBefore,
            ["end_status"] = "active",
            ["total_fees"] = "3691593",
            ["total_fees_extra_currencies"] = new JsonObject(),
            ["description"] = Description(received, sent.Length),
            ["block_ref"] = new JsonObject { ["workchain"] = 0, ["shard"] = Shard, ["seqno"] = transfer.Seqno },
            ["in_msg"] = Message(received),
            ["out_msgs"] = new JsonArray([.. sent.Select(Message)]),
            ["account_state_before"] = State($"before:{account}:{transfer.Lt}"),
            ["account_state_after"] = State($"after:{account}:{transfer.Lt}"),
            ["emulated"] = false,
            ["finality"] = "finalized",
        };

    private static JsonObject Description(InternalMessage received, int messagesSent) => new()
    {
        ["type"] = "ord",
        ["aborted"] = false,
        ["destroyed"] = false,
        ["credit_first"] = false,
        ["storage_ph"] = new JsonObject { ["storage_fees_collected"] = "0", ["status_change"] = "unchanged" },
        ["credit_ph"] = new JsonObject { ["credit"] = Text((long)received.ValueNanoTons) },
        ["compute_ph"] = new JsonObject
        {
            ["skipped"] = false,
            ["success"] = true,
            ["msg_state_used"] = false,
            ["account_activated"] = false,
            ["gas_fees"] = "3306000",
            ["gas_used"] = "8265",
            ["gas_limit"] = "240655",
            ["mode"] = 0,
            ["exit_code"] = 0,
            ["vm_steps"] = 143,
        },
        ["action"] = new JsonObject
        {
            ["success"] = true,
            ["valid"] = true,
            ["no_funds"] = false,
            ["status_change"] = "unchanged",
            ["result_code"] = 0,
            ["tot_actions"] = messagesSent,
            ["spec_actions"] = 0,
            ["skipped_actions"] = 0,
            ["msgs_created"] = messagesSent,
            ["action_list_hash"] = Digest($"actions:{received.CreatedLt}"),
        },
    };

    private static JsonObject Message(InternalMessage message)
    {
        var opcode = JettonMessages.OpcodeOf(message.Body)!.Value;
        return new()
        {
            ["hash"] = message.ToCell().HashBase64,
            ["source"] = message.Source.ToRawUpper(),
            ["destination"] = message.Destination.ToRawUpper(),
            ["value"] = Text((long)message.ValueNanoTons),
            ["value_extra_currencies"] = new JsonObject(),
            ["fwd_fee"] = Text((long)message.ForwardFeeNanoTons),
            ["ihr_fee"] = "0",
            ["extra_flags"] = null,
            ["created_lt"] = Text((long)message.CreatedLt),
            ["created_at"] = Text(message.CreatedAtUnixSeconds),
            ["opcode"] = $"0x{opcode:x8}",
            ["decoded_opcode"] = OpcodeName(opcode),
            ["ihr_disabled"] = message.IhrDisabled,
            ["bounce"] = message.Bounce,
            ["bounced"] = message.Bounced,
            ["import_fee"] = null,
            ["message_content"] = new JsonObject
            {
                ["hash"] = message.Body.HashBase64,
                ["body"] = BagOfCells.ToBase64(message.Body),
                ["decoded"] = null,
            },
            ["init_state"] = message.StateInit?.ToCell() is { } init
                ? new JsonObject { ["hash"] = init.HashBase64, ["body"] = BagOfCells.ToBase64(init) }
                : null,
        };
    }

    private static string OpcodeName(uint opcode) => opcode switch
    {
        JettonMessages.TransferOpcode => "jetton_transfer",
        JettonMessages.InternalTransferOpcode => "jetton_internal_transfer",
        JettonMessages.TransferNotificationOpcode => "jetton_notify",
        _ => "excess",
    };

    private static JsonObject State(string of) => new()
    {
        ["hash"] = Digest(of),
        ["balance"] = null,
        ["extra_currencies"] = null,
        ["account_status"] = null,
        ["frozen_hash"] = null,
        ["data_hash"] = null,
        ["code_hash"] = null,
    };
}
