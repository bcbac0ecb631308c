using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Gives the envelope to what the server itself refuses before there is a request: a line that isn't HTTP, headers too
/// large or too slow. No middleware sees those; on the connection they are known by an error's head without a body and
/// without the X-Request-Id that every other answer has. Connections that Kestrel encrypts itself are left alone.
/// </summary>
internal sealed partial class CompleteRefusals(ILogger<CompleteRefusals> logger) : IConfigureOptions<KestrelServerOptions>
{
    private const int StatusDigits = 3;

    public void Configure(KestrelServerOptions options) => options.ConfigureEndpointDefaults(endpoint =>
        endpoint.Use(next => connection =>
        {
            var transport = connection.Transport;
            connection.Transport = new Duplex(transport.Input, new Output(transport.Output, connection, logger));
            return next(connection);
        }));

    /// <summary>The whole answer in place of the head, or null when the head is another's or already complete.</summary>
    internal static (byte[] Answer, int Status, string RequestId)? AnswerFor(ReadOnlySpan<byte> head)
    {
        const string emptyBody = "Content-Length: 0\r\n";
        if (!head.EndsWith("\r\n\r\n"u8) || head.IndexOf("\r\nX-Request-Id:"u8) >= 0
            || head.IndexOf("\r\nContent-Length: 0\r\n"u8) < 0
            || !int.TryParse(head.Slice(Output.Version.Length, StatusDigits), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            return null;
        }

        var requestId = ActivityTraceId.CreateRandom().ToHexString();
        var body = CommonErrors.OfStatus(status).ToBody(requestId);
        var answer = Encoding.ASCII.GetString(head).Replace(
            emptyBody,
            $"Content-Length: {body.Length}\r\nContent-Type: application/json; charset=utf-8\r\n"
            + $"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{RequestId.HeaderName}: {requestId}\r\n",
            StringComparison.Ordinal);
        return ([.. Encoding.ASCII.GetBytes(answer), .. body], status, requestId);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The server refused {RequestId} from {Address} with {Status}: it is no request")]
    private static partial void LogRefused(ILogger logger, string requestId, string? address, int status);

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Passes everything on as it is, but a naked refusal.</summary>
    private sealed class Output(PipeWriter inner, ConnectionContext connection, ILogger logger) : PipeWriter
    {
        /// <summary>The server writes its refusal's head into one piece of memory, if the piece is as large as this.</summary>
        private const int MinBytes = 512;

        private Memory<byte> _memory;

        /// <summary>What an answer begins with; its status follows.</summary>
        public static ReadOnlySpan<byte> Version => "HTTP/1.1 "u8;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory = inner.GetMemory(Math.Max(sizeHint, MinBytes));

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            var written = _memory.Span[..bytes];
            if (!IsError(written) || AnswerFor(written) is not var (answer, status, requestId))
            {
                inner.Advance(bytes);
                return;
            }

            LogRefused(logger, requestId, connection.RemoteEndPoint?.ToString(), status);
            answer.CopyTo(inner.GetSpan(answer.Length));
            inner.Advance(answer.Length);
        }

        private static bool IsError(ReadOnlySpan<byte> written) =>
            written.Length > Version.Length && written[Version.Length] is (byte)'4' or (byte)'5' && written.StartsWith(Version);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
