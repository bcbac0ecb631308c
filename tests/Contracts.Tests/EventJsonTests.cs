using System.Reflection;
using System.Text.Json;
using ArdorQr.Contracts.Events;
using MassTransit;

namespace ArdorQr.Contracts.Tests;

/// <summary>
/// Pins each event's name and JSON. A pin may gain a member; a changed or removed one breaks messages that are in
/// flight between an old and a new version.
/// </summary>
public sealed class EventJsonTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private static readonly Guid Event = Guid.Parse("01990000-0000-7000-8000-000000000001");
    private static readonly Guid Merchant = Guid.Parse("01990000-0000-7000-8000-000000000002");
    private static readonly Guid Subject = Guid.Parse("01990000-0000-7000-8000-000000000003");
    private static readonly Guid Other = Guid.Parse("01990000-0000-7000-8000-000000000004");
    private static readonly DateTimeOffset At = new(2026, 6, 19, 12, 0, 0, TimeSpan.Zero);
    private static readonly JsonElement Snapshot = JsonSerializer.SerializeToElement(new { status = "pending", rate = (decimal?)null });

    private const string Head =
        """
        {"eventId":"01990000-0000-7000-8000-000000000001","createdAt":"2026-06-19T12:00:00+00:00","merchantId":"01990000-0000-7000-8000-000000000002"
        """;

    public static TheoryData<string, IIntegrationEvent, string> Pins() => new()
    {
        { "gateway:merchant-registered", new MerchantRegistered { EventId = Event, CreatedAt = At, MerchantId = Merchant, MerchantNumber = 7, Name = "ООО Ромашка" }, ""","merchantNumber":7,"name":"\u041E\u041E\u041E \u0420\u043E\u043C\u0430\u0448\u043A\u0430"}""" },
        { "gateway:merchant-suspended", new MerchantSuspended { EventId = Event, CreatedAt = At, MerchantId = Merchant }, "}" },
        { "gateway:merchant-resumed", new MerchantResumed { EventId = Event, CreatedAt = At, MerchantId = Merchant }, "}" },
        { "deposits:deposit-detected", new DepositDetected { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, DepositId = Subject, Deposit = Snapshot }, """,$test,"depositId":"01990000-0000-7000-8000-000000000003","deposit":{"status":"pending","rate":null}}""" },
        { "deposits:deposit-confirmed", new DepositConfirmed { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Live, DepositId = Subject, GrossMinor = new(1_158_867), FeeMinor = new(17_384), CreditedMinor = new(1_141_483), Description = "d" }, """,$live,"depositId":"01990000-0000-7000-8000-000000000003","grossMinor":1158867,"feeMinor":17384,"creditedMinor":1141483,"description":"d"}""" },
        { "deposits:deposit-credited", new DepositCredited { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, DepositId = Subject, Deposit = Snapshot }, """,$test,"depositId":"01990000-0000-7000-8000-000000000003","deposit":{"status":"pending","rate":null}}""" },
        { "deposits:deposit-failed", new DepositFailed { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, DepositId = Subject, Reason = "aborted" }, """,$test,"depositId":"01990000-0000-7000-8000-000000000003","reason":"aborted"}""" },
        { "ledger:deposit-posted", new DepositPosted { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, DepositId = Subject, OperationId = Other, CreditedMinor = new(5) }, """,$test,"depositId":"01990000-0000-7000-8000-000000000003","operationId":"01990000-0000-7000-8000-000000000004","creditedMinor":5}""" },
        { "ledger:payment-settled", new PaymentSettled { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject, DebitId = Other }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003","debitId":"01990000-0000-7000-8000-000000000004"}""" },
        { "ledger:discrepancy-booked", new DiscrepancyBooked { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003"}""" },
        { "payments:payment-contradicted", new PaymentContradicted { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject, DebitId = Other, AmountMinor = new(1), RailHasPaid = true }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003","debitId":"01990000-0000-7000-8000-000000000004","amountMinor":1,"railHasPaid":true}""" },
        { "ledger:payment-refunded", new PaymentRefunded { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject, OperationId = Other, TotalMinor = new(9) }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003","operationId":"01990000-0000-7000-8000-000000000004","totalMinor":9}""" },
        { "ledger:checkpoint-signed", new CheckpointSigned { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, Sequence = 7, Hash = "00ff", BalanceMinor = new(5), KeyId = "k", PublicKey = "cA==", Signature = "cw==" }, """,$test,"sequence":7,"hash":"00ff","balanceMinor":5,"keyId":"k","publicKey":"cA==","signature":"cw=="}""" },
        { "payments:payment-processing", new PaymentProcessing { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject, Payment = Snapshot }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003","payment":{"status":"pending","rate":null}}""" },
        { "payments:payment-completed", new PaymentCompleted { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject, DebitId = Other, AmountMinor = new(1), FeeMinor = new(2), Payment = Snapshot }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003","debitId":"01990000-0000-7000-8000-000000000004","amountMinor":1,"feeMinor":2,"payment":{"status":"pending","rate":null}}""" },
        { "payments:payment-rejected", new PaymentRejected { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject, DebitId = Other, TotalMinor = new(3), FailureReason = "payee_rejected" }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003","debitId":"01990000-0000-7000-8000-000000000004","totalMinor":3,"failureReason":"payee_rejected"}""" },
        { "payments:payment-failed", new PaymentFailed { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, PaymentId = Subject, Payment = Snapshot }, """,$test,"paymentId":"01990000-0000-7000-8000-000000000003","payment":{"status":"pending","rate":null}}""" },
        { "webhooks:webhook-endpoint-disabled", new WebhookEndpointDisabled { EventId = Event, CreatedAt = At, MerchantId = Merchant, Mode = Mode.Test, Reason = "gone" }, """,$test,"reason":"gone"}""" },
    };

    [Theory]
    [MemberData(nameof(Pins))]
    public void An_event_keeps_its_name_and_its_json(string name, IIntegrationEvent message, string tail)
    {
        var type = message.GetType();
        var expected = Head + tail.Replace("$test", "\"mode\":\"test\"", StringComparison.Ordinal)
            .Replace("$live", "\"mode\":\"live\"", StringComparison.Ordinal);

        Assert.Equal(expected, JsonSerializer.Serialize(message, type, Json));
        Assert.Equal($"urn:message:ardorqr:{name}:v1", MessageUrn.ForTypeString(type));
        Assert.Equal($"ardorqr.{name.Replace(':', '.')}.v1", type.GetCustomAttribute<EntityNameAttribute>()!.EntityName);
    }

    [Theory]
    [MemberData(nameof(Pins))]
    public void An_event_survives_the_wire_and_ignores_members_of_a_newer_version(string name, IIntegrationEvent message, string tail)
    {
        Assert.NotEmpty(name + tail);
        var sent = JsonSerializer.Serialize(message, message.GetType(), Json);
        var newer = sent[..^1] + ",\"addedLater\":true}";

        var received = JsonSerializer.Deserialize(newer, message.GetType(), Json)!;

        Assert.Equal(sent, JsonSerializer.Serialize(received, received.GetType(), Json));
    }

    [Fact]
    public void Every_event_of_the_contract_is_pinned()
    {
        var events = typeof(IIntegrationEvent).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IIntegrationEvent)));

        Assert.Equal(
            events.Select(type => type.Name).Order(),
            Pins().Select(row => row.Data.Item2.GetType().Name).Order());
    }
}
