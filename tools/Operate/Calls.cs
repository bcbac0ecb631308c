namespace ArdorQr.Operate;

/// <summary>One call of the operator API as a command.</summary>
/// <param name="Group">The first word.</param>
/// <param name="Verb">The second.</param>
/// <param name="Help">One line.</param>
/// <param name="Method">Of HTTP.</param>
/// <param name="Path">With its fields in braces.</param>
/// <param name="Fields">What it takes.</param>
internal sealed record Call(string Group, string Verb, string Help, HttpMethod Method, string Path, params Field[] Fields)
{
    /// <summary>A repetition by hand must not do it twice: the command makes a key unless it is given one.</summary>
    public bool IsIdempotent { get; init; }
}

/// <summary>Everything that the operator API can do.</summary>
internal static class Calls
{
    private static readonly Field Merchant = new("merchantId", Place.Path, "The merchant's id");
    private static readonly Field Id = new("id", Place.Path, "Its id");
    private static readonly Field Reason = new("reason", Place.Body, "Why, for the audit log");
    private static readonly Field NeededReason = Reason with { IsRequired = true };
    private static readonly Field ReasonInQuery = Reason with { Place = Place.Query };
    private static readonly Field Mode = new("mode", Place.Body, "live or test", IsRequired: true);
    private static readonly Field Limit = new("limit", Place.Query, "How many, 1 to 100", Kind.Number);
    private static readonly Field Before = new("before", Place.Query, "Older than this time");

    public static IReadOnlyList<Call> All { get; } =
    [
        new("merchants", "list", "Merchants, newest first", HttpMethod.Get, "/operator/merchants", Limit, Before),
        new("merchants", "show", "One merchant", HttpMethod.Get, "/operator/merchants/{merchantId}", Merchant),
        new("merchants", "register", "Make a merchant; its keys are shown once", HttpMethod.Post, "/operator/merchants",
            new Field("name", Place.Body, "Its name", IsRequired: true)) { IsIdempotent = true },
        new("merchants", "suspend", "Let its keys only read", HttpMethod.Post, "/operator/merchants/{merchantId}/suspend", Merchant, Reason),
        new("merchants", "resume", "Let its keys act again", HttpMethod.Post, "/operator/merchants/{merchantId}/resume", Merchant, Reason),
        new("merchants", "adjust", "Correct its balance", HttpMethod.Post, "/operator/merchants/{merchantId}/adjustments",
            Merchant, Mode, new Field("amountMinor", Place.Body, "Kopecks, signed", Kind.Number, IsRequired: true), NeededReason)
        { IsIdempotent = true },

        new("keys", "list", "A merchant's keys", HttpMethod.Get, "/operator/merchants/{merchantId}/keys", Merchant),
        new("keys", "issue", "A new key for a merchant; shown once", HttpMethod.Post, "/operator/merchants/{merchantId}/keys",
            Merchant, Mode with { IsRequired = false }, new Field("label", Place.Body, "What people know it by"),
            new Field("permissions", Place.Body, "Of read, pay, keys, webhooks", Kind.List),
            new Field("allowedIps", Place.Body, "Addresses or networks", Kind.List),
            new Field("maxPaymentMinor", Place.Body, "Kopecks", Kind.Number), new Field("dailyLimitMinor", Place.Body, "Kopecks", Kind.Number)),
        new("keys", "revoke", "Revoke a key, even the last one", HttpMethod.Delete, "/operator/merchants/{merchantId}/keys/{id}",
            Merchant, Id, ReasonInQuery),

        new("payments", "review", "Payments that wait for a person", HttpMethod.Get, "/operator/payments", Limit, Before),
        new("payments", "settle", "End a payment in review", HttpMethod.Post, "/operator/payments/{id}/settle",
            Id, new Field("outcome", Place.Body, "completed or failed", IsRequired: true), NeededReason,
            new Field("failureReason", Place.Body, "not_executed unless given")),
        new("payments", "clear", "End the review of one that the rail has contradicted", HttpMethod.Post,
            "/operator/payments/{id}/clear", Id, NeededReason),

        new("recovery", "show", "How far the matching after a restore is", HttpMethod.Get, "/operator/recovery"),
        new("recovery", "end", "Let money and webhooks leave again", HttpMethod.Post, "/operator/recovery/end", NeededReason),
        new("recovery", "transfers", "What the rail has executed and no payment explains", HttpMethod.Get,
            "/operator/recovery/transfers", Limit),
        new("recovery", "close", "End the work on such a transfer", HttpMethod.Post,
            "/operator/recovery/transfers/{id}/close", Id, NeededReason),

        new("deposits", "held", "Deposits that were received and are not credited", HttpMethod.Get, "/operator/deposits", Limit, Before),
        new("deposits", "decide", "Credit a held deposit, or refuse it", HttpMethod.Post, "/operator/deposits/{id}/decide",
            Id, new Field("decision", Place.Body, "credit or refuse", IsRequired: true), NeededReason),

        new("approvals", "list", "What waits for a second operator", HttpMethod.Get, "/operator/approvals", Limit, Before),
        new("approvals", "approve", "Approve it and carry it out", HttpMethod.Post, "/operator/approvals/{id}/approve", Id, Reason),
        new("approvals", "reject", "Reject it for good", HttpMethod.Post, "/operator/approvals/{id}/reject", Id, Reason),

        new("dead-letters", "list", "Messages that no consumer could take", HttpMethod.Get, "/operator/dead-letters", Limit, Before),
        new("dead-letters", "replay", "Send one to its consumer again", HttpMethod.Post, "/operator/dead-letters/{id}/replay", Id, Reason),

        new("notices", "list", "What services tell the operators of", HttpMethod.Get, "/operator/notices",
            Merchant with { Place = Place.Query }, Limit, Before),

        new("operators", "list", "Who may operate", HttpMethod.Get, "/operator/operators"),
        new("operators", "add", "A new operator; the token is shown once", HttpMethod.Post, "/operator/operators",
            new Field("name", Place.Body, "Lower-case letters and digits", IsRequired: true),
            new Field("roles", Place.Body, "Of viewer, support, finance, admin", Kind.List, IsRequired: true)),
        new("operators", "remove", "End an operator's token", HttpMethod.Delete, "/operator/operators/{id}", Id, ReasonInQuery),

        new("books", "reconcile", "Every service's own checks, and the last run", HttpMethod.Get, "/operator/reconciliation"),
        new("books", "compare", "Compare all services' books now, in the background", HttpMethod.Post,
            "/operator/reconciliation/runs", new Field("days", Place.Body, "How far back, 1 to 90", Kind.Number)),
        new("books", "runs", "Such runs, nightly ones too", HttpMethod.Get, "/operator/reconciliation/runs", Limit, Before),
        new("books", "run", "What a run found", HttpMethod.Get, "/operator/reconciliation/runs/{id}",
            Id, Limit, new Field("after", Place.Query, "The last page's next", Kind.Number)),
        new("books", "accept", "A difference that stays, and was clarified, is found no more", HttpMethod.Post,
            "/operator/reconciliation/runs/{id}/discrepancies/{number}/accept",
            Id, new Field("number", Place.Path, "The discrepancy's number in the run"), NeededReason),
        new("books", "checkpoints", "What Ledger has signed of a wallet", HttpMethod.Get, "/operator/checkpoints",
            Merchant with { Place = Place.Query, IsRequired = true }, Mode with { Place = Place.Query }, Limit, Before),
        new("books", "audit", "What operators did", HttpMethod.Get, "/operator/audit",
            Merchant with { Place = Place.Query }, new Field("operator", Place.Query, "Only by this one"), Limit, Before),
    ];
}
