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
    public static JsonObject TransferRow(
        ChainTransfer transfer, TonAddress senderWallet, string traceId, bool isAborted) => new()
        {
            ["query_id"] = Text(transfer.Slot.Lt),
            ["source"] = transfer.Terms.Sender.ToRawUpper(),
            ["destination"] = transfer.Terms.Owner.ToRawUpper(),
            ["amount"] = Text(transfer.Terms.Amount.Micros),
            ["source_wallet"] = senderWallet.ToRawUpper(),
            ["jetton_master"] = transfer.Terms.Master.ToRawUpper(),
            ["transaction_hash"] = transfer.TransactionHash(ChainTransfer.SenderWalletStep),
            ["transaction_lt"] = Text(transfer.LtOf(ChainTransfer.SenderWalletStep)),
            ["transaction_now"] = transfer.Slot.At.ToUnixTimeSeconds(),
            ["transaction_aborted"] = isAborted,
            ["response_destination"] = transfer.Terms.Sender.ToRawUpper(),
            ["custom_payload"] = null,
            ["decoded_custom_payload"] = null,
            ["forward_ton_amount"] = "1",
            ["forward_payload"] = transfer.Terms.Comment is null ? null : BagOfCells.ToBase64(transfer.Payload.Content),
            ["decoded_forward_payload"] = transfer.Terms.Comment is { } comment
                ? new JsonObject { ["@type"] = "text_comment", ["text"] = comment }
                : null,
            ["trace_id"] = traceId,
        };

    /// <summary>A row of /transactions.</summary>
    /// <param name="transfer">What it is part of.</param>
    /// <param name="step">Its place in that.</param>
    /// <param name="account">The account that ran.</param>
    /// <param name="traceId">The trace.</param>
    /// <param name="received">The message it ran on.</param>
    /// <param name="sent">The messages it sent.</param>
    /// <param name="exitCode">How the contract ended; 0 is well.</param>
    public static JsonObject Transaction(
        ChainTransfer transfer, int step, TonAddress account, string traceId, InternalMessage received,
        InternalMessage[] sent, int exitCode = 0) => new()
        {
            ["account"] = account.ToRawUpper(),
            ["hash"] = transfer.TransactionHash(step),
            ["lt"] = Text(transfer.LtOf(step)),
            ["now"] = transfer.Slot.At.ToUnixTimeSeconds(),
            ["mc_block_seqno"] = transfer.Slot.Seqno,
            ["trace_id"] = traceId,
            ["trace_external_hash"] = Digest($"external:{transfer.Slot.Lt}"),
            ["prev_trans_hash"] = NoHash,
            ["prev_trans_lt"] = "0",
            ["orig_status"] = step == ChainTransfer.SenderWalletStep ? "active" : "uninit",
            ["end_status"] = "active",
            ["total_fees"] = "3691593",
            ["total_fees_extra_currencies"] = new JsonObject(),
            ["description"] = exitCode == 0 ? Description(received, sent.Length) : Failure(received, exitCode, sent.Length > 0),
            ["block_ref"] = new JsonObject { ["workchain"] = 0, ["shard"] = Shard, ["seqno"] = transfer.Slot.Seqno },
            ["in_msg"] = Message(received),
            ["out_msgs"] = new JsonArray([.. sent.Select(Message)]),
            ["account_state_before"] = State($"before:{account}:{transfer.Slot.Lt}"),
            ["account_state_after"] = State($"after:{account}:{transfer.Slot.Lt}"),
            ["emulated"] = false,
            ["finality"] = "finalized",
        };

    /// <summary>A contract that ran and failed: its state is as before, and what came goes back if it can.</summary>
    private static JsonObject Failure(InternalMessage received, int exitCode, bool bounces)
    {
        var description = Description(received, 0);
        description["aborted"] = true;
        description.Remove("action");
        description["compute_ph"]!["success"] = false;
        description["compute_ph"]!["exit_code"] = exitCode;
        description["bounce"] = new JsonObject { ["type"] = bounces ? "ok" : "nofunds" };
        return description;
    }

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
        var opcode = JettonMessages.OpcodeOf(message.Body) ?? 0;
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
        JettonMessages.ExcessesOpcode => "excess",
        0 => "text_comment",
        _ => "",
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
