using System.Security.Cryptography;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Features;
using ArdorQr.Payments.Features.Recovery;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.ServiceDefaults.Sealing;
using Microsoft.Extensions.Options;

namespace ArdorQr.Payments;

/// <summary>What Payments is made of: its settings, clients, ways in and jobs.</summary>
internal static class PaymentsRegistration
{
    /// <summary>What the Gateway needs to do an operator's work here.</summary>
    public const string OperatorScope = "payments:operate";

    public static void AddPayments(this WebApplicationBuilder builder)
    {
        builder.AddMessaging(consumers => consumers
            .Add<RecordSettlement>(RecordSettlement.Queue)
            .Add<RecordDiscrepancy>(RecordDiscrepancy.Queue)
            .Add<FailRefundedPayment>(FailRefundedPayment.Queue));
        builder.Services.AddSingleton<IValidateOptions<PaymentsOptions>, PaymentsOptionsValidator>();
        builder.Services.AddSingleton<IValidateOptions<PaymentsOptions>, RailWorldsValidator>();
        builder.Services.AddSingleton<IValidateOptions<PaymentsOptions>, QrOptionsValidator>();
        builder.Services.AddSingleton(
            static provider => provider.GetRequiredService<IOptions<PaymentsOptions>>().Value.Qr.Load());
        builder.Services.AddOptionsWithValidateOnStart<PaymentsOptions>().BindConfiguration(PaymentsOptions.Section);
        builder.Services.AddSingleton(_ => RandomNumberGenerator.Create());
        builder.Services.AddSingleton(static provider =>
        {
            var options = provider.GetRequiredService<IOptions<PaymentsOptions>>().Value;
            return new Seals(
                options.EncryptionKey!, options.RetiredEncryptionKeys,
                provider.GetRequiredService<RandomNumberGenerator>());
        });
        builder.Services.AddSingleton<PaymentSeals>();
        builder.Services.AddPaymentsClients();
        builder.Services.AddSingleton<ExecutorSignal>();
        builder.Services.AddSingleton<IdempotentRequests>();
        builder.Services.AddSingleton<CreatePayment>();
        builder.Services.AddSingleton<HeldTurns>();
        builder.Services.AddSingleton<SettlementRecords>();
        builder.Services.AddSingleton<RecordRailAnswer>();
        builder.Services.AddSingleton<ExecutePayment>();
        builder.Services.AddSingleton<RailTurns>();
        builder.Services.AddSingleton<SettlePayment>();
        builder.Services.AddTransient<DebitPayment>(); // Not longer than a request: Ledger's HttpClient is in it.
        builder.Services.AddTransient<ConfirmPayment>();
        builder.Services.AddTransient<AttemptRecovery>();
        builder.Services.AddTransient<GetReconciliation>();
        builder.Services.AddTransient<CompareStatement>();
        builder.AddRecovery();
        builder.Services.AddRecoveryStep<MatchStatement>();
        builder.Services.AddRecoveryStep<AskOpenPayments>();
        builder.Services.AddRecoveryStep<AnnounceAgain>();
        builder.Services.AddHostedService<ExecutePayments>();
        builder.Services.AddHostedService<RecoverAttempts>();
        builder.Services.AddHostedService<ExpirePayments>();
        builder.Services.AddHostedService<SealRows>();
        builder.Services.AddHostedService<ErasePayees>();
        builder.Services.AddHostedService<MeasurePayments>();
    }

    public static void MapPayments(this WebApplication app)
    {
        var api = app.MapPublicApi();
        CreatePayment.Map(api);
        ConfirmPayment.Map(api);
        PreviewPayment.Map(api);
        GetPayment.Map(api);
        ListPayments.Map(api);
        ReceiveRailCallback.Map(app);
        var operators = app.MapInternalApi(OperatorScope);
        ListPaymentsInReview.Map(operators);
        SettlePayment.Map(operators);
        ClearContradiction.Map(operators);
        var reconciliation = app.MapInternalApi(GetReconciliation.Scope);
        GetReconciliation.Map(reconciliation);
        ReadBook.Map(reconciliation);
        CompareStatement.Map(reconciliation);
        app.MapRecovery("payments");
        ListUnmatchedTransfers.Map(operators);
        CloseUnmatchedTransfer.Map(operators);
    }
}
