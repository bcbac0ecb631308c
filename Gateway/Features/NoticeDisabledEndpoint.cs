using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// WebhookEndpointDisabled → a notice for the operators: a merchant that hears of nothing any more may not know it.
/// </summary>
internal sealed partial class NoticeDisabledEndpoint(ServiceDatabase database, ILogger<NoticeDisabledEndpoint> logger)
    : IConsumer<WebhookEndpointDisabled>
{
    public const string Queue = "gateway.webhook-endpoint-disabled";
    public const string Kind = "webhook_endpoint_disabled";

    private const int KeptDays = 180;
    private const int MaxForgottenAtOnce = 1_000;

    public async Task Consume(ConsumeContext<WebhookEndpointDisabled> context)
    {
        // The event's id is the row's key, so that a redelivered one changes nothing.
        const string sql =
            """
            WITH old AS (
                DELETE FROM gateway.notice WHERE event_id IN (
                    SELECT event_id FROM gateway.notice
                    WHERE kept_at < now() - make_interval(days => @KeptDays)
                    LIMIT @MaxForgottenAtOnce)
            )
            INSERT INTO gateway.notice (event_id, kind, merchant_id, mode, reason, occurred_at)
            VALUES (@EventId, @Kind, @MerchantId, @Mode, @Reason, @CreatedAt)
            ON CONFLICT DO NOTHING
            """;
        var (message, cancellationToken) = (context.Message, context.CancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, new
        {
            message.EventId,
            Kind,
            message.MerchantId,
            message.Mode,
            message.Reason,
            message.CreatedAt,
            KeptDays,
            MaxForgottenAtOnce,
        }, cancellationToken);
        LogNoticed(message.MerchantId, message.Mode.Code, message.Reason);
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The webhook endpoint of {MerchantId} in {Mode} was disabled: {Reason}")]
    private partial void LogNoticed(Guid merchantId, string mode, string reason);
}
