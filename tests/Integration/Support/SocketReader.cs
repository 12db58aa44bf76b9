using System.Net.Sockets;

namespace Engine.Tests.Integration.Support;

/// <summary>A client connection to a unix socket whose received bytes are collected in the background.</summary>
public class SocketReader : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<byte> _received = [];
    private volatile bool _ended;

    /// <summary>Connects; with <paramref name="reads"/> false nothing is ever read, as by a client that is stopped.</summary>
    public SocketReader(string path, bool reads = true)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        if (reads)
        {
            BeginReading();
        }
    }

    /// <summary>Reads from here on, for a client that did not.</summary>
    public void BeginReading() => new Thread(Read) { IsBackground = true }.Start();

    /// <summary>The server has closed the connection.</summary>
    public bool Ended => _ended;

    /// <summary>Everything received so far.</summary>
    public byte[] Received
    {
        get
        {
            lock (_received)
            {
                return [.. _received];
            }
        }
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    /// <summary>Says that nothing more will be sent, and goes on reading.</summary>
    public void CloseSending() => _socket.Shutdown(SocketShutdown.Send);

    public void WaitForEnd(double seconds = Eventually.DefaultSeconds) => Eventually.True(() => _ended, "end of the connection", seconds);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _socket.Dispose();
    }

    private void Read()
    {
        var buffer = new byte[65536];
        try
        {
            while (_socket.Receive(buffer) is > 0 and var n)
            {
                lock (_received)
                {
                    _received.AddRange(buffer.AsSpan(0, n));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
        _ended = true;
    }
}
