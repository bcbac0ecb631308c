using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Clients;

/// <summary>Looks at a receiver below HTTP: its name, whether it listens, and its certificate.</summary>
internal sealed class ReceiverProbe(GuardedConnections connections, ReceiverTls tls, TimeProvider time)
{
    private const int ResolveTimeoutSeconds = 3;
    // With the one above and an attempt of 15 s, within the Gateway's patience.
    private const int ConnectTimeoutSeconds = 6;

    public async Task<ProbedReceiver> LookAsync(ReceiverUrl url, CancellationToken cancellationToken)
    {
        var seen = new ProbedReceiver();
        try
        {
            var addresses = await WithinAsync(
                ResolveTimeoutSeconds,
                token => connections.ResolveAsync(url.Uri.IdnHost, url.IsOnThisMachine, token), cancellationToken);
            seen = seen with { Addresses = addresses.Count };
            return await WithinAsync(ConnectTimeoutSeconds, async token =>
            {
                await using var stream = await connections.ConnectAsync(addresses, url.Uri.Port, token);
                seen = seen with { IsListening = true };
                return url.Uri.Scheme == Uri.UriSchemeHttps
                    ? await ShakeHandsAsync(seen, stream, url.Uri.IdnHost, token)
                    : seen;
            }, cancellationToken);
        }
        catch (AddressForbiddenException)
        {
            return seen with { IsForbidden = true };
        }
        catch (Exception exception) when (
            exception is SocketException or IOException or OperationCanceledException or ArgumentException
            && !cancellationToken.IsCancellationRequested)
        {
            return seen; // What isn't set wasn't reached.
        }
    }

    private async Task<ProbedReceiver> ShakeHandsAsync(
        ProbedReceiver seen, Stream stream, string host, CancellationToken cancellationToken)
    {
        SeenCertificate? certificate = null;
        var options = tls.ClientOptions();
        options.TargetHost = host;
        options.RemoteCertificateValidationCallback = (_, remote, chain, errors) =>
        {
            certificate = Of(remote, chain, errors);
            return certificate is { IsTrusted: true };
        };
        await using var secure = new SslStream(stream, leaveInnerStreamOpen: true);
        try
        {
            await secure.AuthenticateAsClientAsync(options, cancellationToken);
        }
        catch (AuthenticationException)
        {
            // No TLS that we speak, or a certificate that isn't trusted: it was seen then.
        }

        return seen with { Certificate = certificate };
    }

    private SeenCertificate? Of(X509Certificate? remote, X509Chain? chain, SslPolicyErrors errors) =>
        remote is X509Certificate2 leaf
        ? new SeenCertificate
        {
            IsTrusted = tls.IsTrusted(leaf, chain, errors),
            IsOfThisHost = !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch),
            IsChainPartial = chain?.ChainStatus.Any(
                status => status.Status == X509ChainStatusFlags.PartialChain) == true,
            NotAfter = leaf.NotAfter.ToUniversalTime(),
            NotBefore = leaf.NotBefore.ToUniversalTime(),
        }
        : null;

    private async Task<T> WithinAsync<T>(
        int seconds, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        return await work(either.Token);
    }
}
