using ArdorQr.Contracts;

namespace ArdorQr.Payments.Clients;

/// <summary>What the rail says of a code.</summary>
internal abstract record ResolveAnswer
{
    private ResolveAnswer()
    {
    }

    internal sealed record Payable(RailPayee Payee, Kopecks? Amount, DateTimeOffset? ExpiresAt) : ResolveAnswer;

    internal sealed record Expired : ResolveAnswer;

    internal sealed record Paid : ResolveAnswer;

    internal sealed record Cancelled : ResolveAnswer;

    internal sealed record NotFound : ResolveAnswer;

    /// <summary>No answer, or none that can be read.</summary>
    internal sealed record Unavailable(string Why) : ResolveAnswer;
}

/// <summary>Who is paid, in the rail's words.</summary>
internal sealed record RailPayee(string? Name, string? Bank, string? Inn);

/// <summary>
/// What the rail says of our transfer. Final are <see cref="Completed"/>, <see cref="Failed"/> and
/// <see cref="Cancelled"/> only, and only from a well-formed answer.
/// </summary>
internal abstract record TransferAnswer
{
    private TransferAnswer()
    {
    }

    /// <summary>For the log and the row.</summary>
    public abstract string Summary { get; }

    internal sealed record InProgress(string Status) : TransferAnswer
    {
        public override string Summary => Status;
    }

    internal sealed record Completed : TransferAnswer
    {
        public override string Summary => "completed";
    }

    /// <param name="Reason">One of <see cref="Domain.FailureReasons.OfRail"/>.</param>
    internal sealed record Failed(string Reason) : TransferAnswer
    {
        public override string Summary => $"failed: {Reason}";
    }

    /// <summary>The id is dead: it was not executed and never will be.</summary>
    internal sealed record Cancelled : TransferAnswer
    {
        public override string Summary => "cancelled";
    }

    /// <summary>The rail has never seen the id. It still may, when a submission is on its way.</summary>
    internal sealed record NotSeen : TransferAnswer
    {
        public override string Summary => "not seen";
    }

    /// <summary>The rail knows our id with another body: a defect, of ours or theirs.</summary>
    internal sealed record Conflict : TransferAnswer
    {
        public override string Summary => "conflict";
    }

    /// <summary>Timeout, reset, 5xx, garbled, unknown status or reason: anything may have happened.</summary>
    internal sealed record Unknown(string Why) : TransferAnswer
    {
        public override string Summary => $"unknown: {Why}";
    }
}

/// <summary>A transfer in the rail's statement.</summary>
/// <param name="Status">In the rail's words.</param>
/// <param name="Amount">Null when the rail doesn't say.</param>
/// <param name="Qr">The code as it was submitted; null when the rail doesn't say.</param>
internal sealed record StatementLine(string Status, Kopecks? Amount, string? Qr);
