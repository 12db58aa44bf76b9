using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tests.Integration.Support;

/// <summary>A terminal with a command on it, as a user sits before it: session leader, controlling terminal, all three streams.</summary>
public sealed class Pty : IDisposable
{
    private readonly SafeFileHandle _master;
    private readonly FileStream _stream;
    private readonly RunningCommand _command;
    private readonly Thread _reader;
    private readonly List<byte> _output = [];

    /// <summary>Starts the command on a new terminal of the given size.</summary>
    public Pty(Command command, ushort rows = 24, ushort columns = 80)
    {
        var master = Native.Check(Native.posix_openpt(Native.O_RDWR | Native.O_NOCTTY | Native.O_CLOEXEC), "posix_openpt");
        _master = new SafeFileHandle(master, ownsHandle: true);
        Native.Check(Native.unlockpt(master), "unlockpt");
        var name = new byte[64];
        Native.Check(Native.ptsname_r(master, name, (nuint)name.Length), "ptsname_r");
        Path = Encoding.UTF8.GetString(name).TrimEnd('\0');
        Resize(rows, columns);
        command.Input = null;
        _command = command.OnTerminal(Path).Start();
        _stream = new FileStream(_master, FileAccess.ReadWrite, 0);
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>Path of the terminal, for example /dev/pts/3.</summary>
    public string Path { get; }

    /// <summary>Pid of the command.</summary>
    public int Pid => _command.Pid;

    /// <summary>Everything that appeared on the screen so far.</summary>
    public string Screen
    {
        get
        {
            lock (_output)
            {
                return Encoding.UTF8.GetString([.. _output]);
            }
        }
    }

    /// <summary>Types. <c>"\u0003"</c> is ctrl-c.</summary>
    public void Type(string keys)
    {
        _stream.Write(Encoding.UTF8.GetBytes(keys));
        _stream.Flush();
    }

    /// <summary>Changes the size; the foreground process group gets SIGWINCH.</summary>
    public void Resize(ushort rows, ushort columns)
    {
        var size = new Native.WindowSize { Rows = rows, Columns = columns };
        Native.Check(Native.ioctl((int)_master.DangerousGetHandle(), Native.TIOCSWINSZ, ref size), "TIOCSWINSZ");
    }

    /// <summary>Waits until the text is on the screen.</summary>
    public void WaitFor(string text, double seconds = Eventually.DefaultSeconds) => Eventually.True(
        () => Screen.Contains(text, StringComparison.Ordinal), () => $"'{text}' on the terminal; screen:\n{Screen}", seconds);

    /// <summary>Settings of the terminal as stty -g prints them: to compare before and after.</summary>
    public string Settings() => new Command("/bin/stty", "-F", Path, "-g").Run().ShouldExit(0).Trimmed;

    /// <summary>
    /// Waits for the command's end and returns its exit code. All that it wrote is on the screen then; when others keep the terminal, what they
    /// write later may come later.
    /// </summary>
    public int Wait(double seconds = 30)
    {
        var code = _command.Wait(seconds).ExitCode;
        _ = _reader.Join(TimeSpan.FromSeconds(1));
        return code;
    }

    public void Dispose()
    {
        _command.Dispose();
        _stream.Dispose();
        _master.Dispose();
    }

    private void Read()
    {
        var buffer = new byte[4096];
        try
        {
            while (_stream.Read(buffer) is > 0 and var n)
            {
                lock (_output)
                {
                    _output.AddRange(buffer.AsSpan(0, n));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // EIO: the last process with the terminal open has ended.
        }
    }
}
