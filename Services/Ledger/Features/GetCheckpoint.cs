using System.Diagnostics;
using System.Security.Claims;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// GET /v1/operations/checkpoint: signs where the caller's wallet stands now. As long as it doesn't move the answer is
/// the same.
/// </summary>
internal static class GetCheckpoint
{
    /// <param name="MerchantId">Whose wallet.</param>
    /// <param name="Mode">In which mode.</param>
    /// <param name="Sequence">The last operation's number.</param>
    /// <param name="Hash">The last operation's hash.</param>
    /// <param name="BalanceMinor">The balance after it, kopecks.</param>
    /// <param name="CreatedAt">When it was signed.</param>
    /// <param name="KeyId">Names the key.</param>
    /// <param name="PublicKey">SubjectPublicKeyInfo, base64.</param>
    /// <param name="Signature">ES256 over <see cref="Checkpoint.SignedBytes"/>: r and s, base64.</param>
    internal sealed record Response(
        Guid MerchantId, Mode Mode, long Sequence, string Hash, long BalanceMinor, DateTimeOffset CreatedAt, string KeyId,
        string PublicKey, string Signature);

    public static void MapGetCheckpoint(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operations/checkpoint", HandleAsync).WithName(nameof(GetCheckpoint));

    private static async Task<IResult> HandleAsync(
        ClaimsPrincipal user, [FromServices] ServiceDatabase database, [FromServices] CheckpointSigner signer,
        [FromServices] TimeProvider time, CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(user);
        await using var transaction = await database.BeginAsync(cancellationToken);
        var wallet = new WalletKey(caller.MerchantId, caller.Mode);
        if (await Checkpoints.HeadAsync(transaction, wallet, cancellationToken) is not { } head)
        {
            return LedgerErrors.NothingToSign.ToResult();
        }

        if (await Checkpoints.FindAsync(transaction, head, cancellationToken) is { } known)
        {
            return TypedResults.Ok(ViewOf(known));
        }

        await Checkpoints.SignAsync(transaction, [head], signer, time, cancellationToken);
        var signed = await Checkpoints.FindAsync(transaction, head, cancellationToken); // Ours, or another's of the same moment.
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(ViewOf(signed ?? throw new UnreachableException("A checkpoint was stored and isn't there.")));
    }

    private static Response ViewOf(SignedCheckpoint signed)
    {
        var checkpoint = signed.Checkpoint;
        return new Response(
            checkpoint.Wallet.MerchantId, checkpoint.Wallet.Mode, checkpoint.Sequence, checkpoint.Hash.ToString(),
            checkpoint.Balance.Value, checkpoint.CreatedAt, signed.KeyId, Convert.ToBase64String(signed.PublicKey),
            Convert.ToBase64String(signed.Signature));
    }
}
