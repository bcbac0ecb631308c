namespace ArdorQr.Payments.Domain.Qr;

/// <summary>What a code's text turned out to be: something to pay, or a refusal that explains itself.</summary>
internal abstract record QrReading
{
    private QrReading()
    {
    }

    internal sealed record Payable(QrCode Code) : QrReading;

    internal sealed record Refused(QrRefusal Refusal) : QrReading;
}

/// <summary>Why a code can't be paid: a code for programs, a text in Russian for people, and particulars.</summary>
internal sealed record QrRefusal(string Code, string Message, IReadOnlyDictionary<string, string>? Details = null);
