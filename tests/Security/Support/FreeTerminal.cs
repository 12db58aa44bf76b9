using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tests.Security.Support;

/// <summary>A terminal that is no session's, with somebody who reads what is written to it.</summary>
internal sealed class FreeTerminal : IDisposable
{
    private readonly SafeFileHandle _master;
    private readonly FileStream _peer;
    private readonly List<byte> _received = [];

    public FreeTerminal()
    {
        var master = Native.Check(Native.posix_openpt(Native.O_RDWR | Native.O_NOCTTY | Native.O_CLOEXEC), "posix_openpt");
        _master = new SafeFileHandle(master, ownsHandle: true);
        Native.Check(Native.unlockpt(master), "unlockpt");
        var name = new byte[64];
        Native.Check(Native.ptsname_r(master, name, (nuint)name.Length), "ptsname_r");
        Path = Encoding.UTF8.GetString(name).TrimEnd('\0');
        // As long as this side is open nobody's exit hangs it up.
        _peer = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
        var stream = new FileStream(_master, FileAccess.ReadWrite, 0);
        new Thread(() => Read(stream)) { IsBackground = true }.Start();
    }

    public string Path { get; }

    public string Received()
    {
        lock (_received)
        {
            return Encoding.UTF8.GetString([.. _received]);
        }
    }

    public void Dispose()
    {
        _peer.Dispose();
        _master.Dispose();
    }

    private void Read(FileStream stream)
    {
        var buffer = new byte[1024];
        try
        {
            while (stream.Read(buffer) is > 0 and var n)
            {
                lock (_received)
                {
                    _received.AddRange(buffer.AsSpan(0, n));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
        }
    }
}
