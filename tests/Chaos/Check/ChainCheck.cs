namespace ArdorQr.Chaos.Check;

/// <summary>What a client was promised is on chain at its own address, and nothing else is but what it asked for.</summary>
internal static class ChainCheck
{
    private const string Kind = "chain";

    public static void Run(Evidence evidence, Findings findings)
    {
        var owners = evidence.Merchants.ToDictionary(view => view.Merchant.Index, view => view.Merchant.Owner);
        var chain = evidence.Truth.Chain.ToDictionary(transfer => transfer.TxHash);
        var asked = evidence.Journal.Deposits.ToList();
        foreach (var promised in asked.Where(deposit => deposit.TxHash is not null))
        {
            findings.Expect(
                chain.Remove(promised.TxHash!, out var transfer) && transfer.Micros == promised.Micros
                    && transfer.Owner == owners[promised.Merchant],
                Kind, () => $"{promised.TxHash} of {promised.Micros} was promised to {owners[promised.Merchant]}, "
                    + $"and on chain is {transfer?.ToString() ?? "nothing"}");
        }

        // What was asked for and not answered may stand or not, once for each time that it was asked for.
        var unanswered = asked.Where(deposit => deposit.TxHash is null)
            .GroupBy(deposit => (Owner: owners[deposit.Merchant], deposit.Micros))
            .ToDictionary(requests => requests.Key, requests => requests.Count());
        foreach (var stranger in chain.Values.GroupBy(transfer => (transfer.Owner, transfer.Micros)))
        {
            var requests = unanswered.GetValueOrDefault(stranger.Key);
            findings.Expect(
                stranger.Count() <= requests, Kind,
                () => $"{stranger.Count()} transfers of {stranger.Key.Micros} to {stranger.Key.Owner} were promised to "
                    + $"nobody, {requests} were asked for: {string.Join(", ", stranger.Select(transfer => transfer.TxHash))}");
        }

        findings.Holds($"{evidence.Truth.Chain.Count} transfers on chain, {asked.Count(deposit => deposit.TxHash is not null)} "
            + $"promised, {asked.Count} asked for, {evidence.Truth.Chain.Count(transfer => !transfer.IsCredited)} below the "
            + "minimum");
    }
}
