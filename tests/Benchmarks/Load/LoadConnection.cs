using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ArdorQr.Benchmarks.Load;

/// <summary>One keep-alive connection with at most one request on its way.</summary>
internal sealed class LoadConnection : IDisposable
{
    private const int MaxAnswerBytes = 16 * 1024;

    private readonly byte[] _answer = new byte[MaxAnswerBytes];
    private RequestTemplate? _template;
    private byte[] _request = [];
    private int _received;

    public LoadConnection(int port)
    {
        Socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Socket.Connect(IPAddress.Loopback, port);
    }

    public Socket Socket { get; }

    /// <summary>When the request that is on its way should have been sent.</summary>
    public long DueAt { get; private set; }

    /// <summary>The last answer as it came.</summary>
    public string AnswerText => Encoding.UTF8.GetString(_answer, 0, _received);

    public bool Succeeded
    {
        get
        {
            var answer = _answer.AsSpan(0, _received);
            return answer.StartsWith("HTTP/1.1 200"u8) && answer.IndexOf("\"status\":\"posted\""u8) >= 0;
        }
    }

    public void Send(IRequests requests, long dueAt)
    {
        var template = requests.Template;
        if (template != _template)
        {
            (_template, _request) = (template, template.Copy());
        }

        requests.Fill(template, _request);
        (DueAt, _received) = (dueAt, 0);
        Socket.Send(_request);
    }

    /// <summary>Takes what has arrived; true when the answer is whole.</summary>
    public bool Receive()
    {
        var read = Socket.Receive(_answer.AsSpan(_received));
        if (read == 0)
        {
            throw new InvalidOperationException($"The server closed a connection after: {AnswerText}");
        }

        _received += read;
        var answer = _answer.AsSpan(0, _received);
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var length = answer[..head].IndexOf("Content-Length: "u8);
        return length < 0
            ? answer.EndsWith("0\r\n\r\n"u8)
            : Utf8Parser.TryParse(answer[(length + "Content-Length: ".Length)..], out int bytes, out _)
                && _received >= head + 4 + bytes;
    }

    public void Dispose() => Socket.Dispose();
}
