namespace ArdorQr.Chaos.Load;

/// <summary>One payment that a client began, with what it was told of it.</summary>
/// <param name="merchant">The index of who pays.</param>
/// <param name="code">What is paid; other payments may try for the same one.</param>
/// <param name="amountMinor">The code's sum.</param>
/// <param name="key">Its reference, and the Idempotency-Key of its first step.</param>
internal sealed class PaymentRecord(int merchant, string code, long amountMinor, string key)
{
    public int Merchant => merchant;

    public string Code => code;

    public long AmountMinor => amountMinor;

    public string Key => key;

    /// <summary>The two digits that decide what the rail does.</summary>
    public int Ending => (int)(amountMinor % 100);

    /// <summary>Others try for its code: it may be refused for them.</summary>
    public bool IsContended { get; init; }

    /// <summary>Null when it was refused at once, or never answered.</summary>
    public Guid? Id { get; set; }

    /// <summary>The refusal of the first step.</summary>
    public string? Refusal { get; set; }

    /// <summary>A confirm was sent: from then on money may move, and not before.</summary>
    public DateTimeOffset? ConfirmSentAt { get; set; }

    /// <summary>A confirm was answered with 200: from then on it must.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>A confirm was refused because another payment has the code.</summary>
    public bool IsDuplicate { get; set; }

    /// <summary>A confirm was refused because it came too late.</summary>
    public bool IsExpired { get; set; }

    /// <summary>The end that a client was shown, which is for ever: "completed", or "failed" with its reason.</summary>
    public string? SeenEnd { get; set; }

    /// <summary>The answers that the platform must give again to the same key.</summary>
    public KeptAnswer? Created { get; set; }

    public KeptAnswer? Confirmed { get; set; }
}

/// <summary>An answer that was given, with what it was given to.</summary>
internal sealed record KeptAnswer(string Path, object? Body, string Key, Answer Answer);
