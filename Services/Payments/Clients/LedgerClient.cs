using System.Net;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Payments.Clients;

/// <summary>What Ledger says of a debit. Only <see cref="Unknown"/> leaves the attempt open.</summary>
internal abstract record DebitAnswer
{
    private DebitAnswer()
    {
    }

    internal sealed record Posted(Guid OperationId) : DebitAnswer;

    /// <summary>The balance was too small, and this id can never post any more.</summary>
    internal sealed record Refused(Kopecks Balance) : DebitAnswer;

    /// <summary>The id was made dead.</summary>
    internal sealed record Voided : DebitAnswer;

    /// <summary>Ledger has never seen the id.</summary>
    internal sealed record Absent : DebitAnswer;

    /// <summary>No answer: the debit may stand or not.</summary>
    internal sealed record Unknown(string Why) : DebitAnswer;
}

/// <summary>Debits at Ledger, by the attempt's id: asking twice debits once.</summary>
internal sealed class LedgerClient(HttpClient http)
{
    public const string Scope = "ledger:debit";

    /// <summary>
    /// Names nobody: a book's text is part of its hash chain, so that it can neither be sealed nor erased after the
    /// payee's retention. Whom the operation paid is told by its payment.
    /// </summary>
    private const string Description = "Оплата по QR";

    private const string Debits = "/internal/debits";

    // Ledger may add fields: only what is read here must be there.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public Task<DebitAnswer> DebitAsync(PaymentRow payment, Guid attemptId, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, Debits, attemptId, new
        {
            id = attemptId,
            payment.MerchantId,
            payment.Mode,
            payment.PaymentId,
            amountMinor = payment.AmountKopecks,
            feeMinor = payment.FeeKopecks,
            totalMinor = payment.TotalKopecks,
            description = Description,
        }, cancellationToken);

    public Task<DebitAnswer> FindAsync(Guid attemptId, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"{Debits}/{attemptId}", attemptId, null, cancellationToken);

    /// <summary>Makes the id dead, or tells what has become of it already.</summary>
    public Task<DebitAnswer> VoidAsync(PaymentRow payment, Guid attemptId, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post, $"{Debits}/{attemptId}/void", attemptId,
            new { payment.MerchantId, payment.Mode, payment.PaymentId }, cancellationToken);

    private async Task<DebitAnswer> SendAsync(
        HttpMethod method, string path, Guid attemptId, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = body is null ? null : JsonContent.Create(body, options: Json);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => Read(
                    await response.Content.ReadFromJsonAsync<Debit>(Json, cancellationToken), attemptId),
                HttpStatusCode.NotFound when method == HttpMethod.Get => new DebitAnswer.Absent(),
                HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError =>
                    new DebitAnswer.Unknown($"status {(int)response.StatusCode}"),
                _ => throw new InvalidOperationException(
                    $"Ledger answered {(int)response.StatusCode} for the debit {attemptId}: one of the two is wrong."),
            };
        }
        catch (Exception exception) when (Transient.Is(exception) || exception is JsonException)
        {
            return new DebitAnswer.Unknown(exception.GetType().Name);
        }
    }

    private static DebitAnswer Read(Debit? debit, Guid attemptId) => debit switch
    {
        { Status: "posted", OperationId: { } operation } when debit.Id == attemptId =>
            new DebitAnswer.Posted(operation),
        { Status: "refused", Reason: "insufficient_funds" } when debit.Id == attemptId =>
            new DebitAnswer.Refused(debit.BalanceMinor),
        { Status: "voided" } when debit.Id == attemptId => new DebitAnswer.Voided(),
        // "superseded" too: one attempt per payment stands at a time, so that another debit of it can't exist.
        _ => throw new InvalidOperationException(
            $"Ledger's answer for the debit {attemptId} makes no sense: {debit?.Status} {debit?.Reason}."),
    };

    private sealed record Debit(Guid Id, string? Status, Guid? OperationId, Kopecks BalanceMinor, string? Reason);
}

/// <summary>Balances at Ledger, for previews.</summary>
internal sealed class LedgerBalanceClient(HttpClient http)
{
    public const string Scope = "ledger:read";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <exception cref="HttpRequestException">Ledger gave no balance.</exception>
    public async Task<Kopecks> BalanceAsync(Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        var balance = await http.GetFromJsonAsync<Balance>(
            new Uri($"/internal/balances/{merchantId}/{mode.Code}", UriKind.Relative), Json, cancellationToken);
        return balance!.BalanceMinor;
    }

    private sealed record Balance(Kopecks BalanceMinor);
}
