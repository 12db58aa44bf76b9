using System.Text;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Tests.Integration.Support;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tests.Integration.Pump;

/// <summary>A terminal before which the test sits; its other side is a descriptor of this process.</summary>
internal sealed class UserTerminal : IDisposable
{
    private readonly FileStream _master;
    private readonly SafeFd _slave;
    private readonly List<byte> _screen = [];

    public UserTerminal(ushort rows, ushort columns)
    {
        int master = Native.Check(Native.posix_openpt(Native.O_RDWR | Native.O_NOCTTY | Native.O_CLOEXEC), "posix_openpt");
        Native.Check(Native.unlockpt(master), "unlockpt");
        var name = new byte[64];
        Native.Check(Native.ptsname_r(master, name, (nuint)name.Length), "ptsname_r");
        Path = Encoding.UTF8.GetString(name).TrimEnd('\0');
        Terminals.Resize(master, new TerminalSize(rows, columns));
        _slave = Files.Open(Path, fcntl_h.O_RDWR | fcntl_h.O_NOCTTY);
        _master = new FileStream(new SafeFileHandle(master, ownsHandle: true), FileAccess.ReadWrite, 0);
        new Thread(Read) { IsBackground = true }.Start();
    }

    public string Path { get; }

    /// <summary>What a program has as its streams.</summary>
    public int Descriptor => _slave.Value;

    /// <summary>All its settings.</summary>
    public string Settings() => new Command("/bin/stty", "-F", Path, "-g").Run().ShouldExit(0).Trimmed;

    public void Type(string keys) => _master.Write(Encoding.Latin1.GetBytes(keys));

    public void WaitFor(string text) => Eventually.True(() => Screen().Contains(text, StringComparison.Ordinal), () => $"'{text}' on the screen: {Screen()}");

    public void Dispose()
    {
        _slave.Dispose();
        _master.Dispose();
    }

    private string Screen()
    {
        lock (_screen)
        {
            return Encoding.Latin1.GetString([.. _screen]);
        }
    }

    private void Read()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (_master.Read(buffer) is > 0 and var n)
            {
                lock (_screen)
                {
                    _screen.AddRange(buffer.AsSpan(0, n));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // EIO: closed on the other side.
        }
    }
}
