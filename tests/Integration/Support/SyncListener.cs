using System.Net.Sockets;
using System.Text;

namespace Engine.Tests.Integration.Support;

/// <summary>The listening end of a sync socket: every connection carries one message, kept in the order of the connections.</summary>
public sealed class SyncListener : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<string> _messages = [];

    public SyncListener(string path)
    {
        Path = path;
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        _socket.Listen(16);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public string Path { get; }

    /// <summary>Complete messages so far.</summary>
    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Accept()
    {
        var buffer = new byte[65536];
        try
        {
            while (true)
            {
                using var client = _socket.Accept();
                var text = new List<byte>();
                while (client.Receive(buffer) is > 0 and var n)
                {
                    text.AddRange(buffer.AsSpan(0, n));
                }
                lock (_messages)
                {
                    _messages.Add(Encoding.UTF8.GetString([.. text]));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
