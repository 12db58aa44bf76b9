using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Rows and columns of a terminal.</summary>
public readonly record struct TerminalSize(uint Rows, uint Columns);

/// <summary>Terminals by descriptor number (stdin, stdout, a pty's master side).</summary>
public static unsafe class Terminals
{
    /// <summary>True for a terminal.</summary>
    public static bool IsTerminal(int fd)
    {
        termios settings;
        return Libc.ioctl(fd, termios_h.TCGETS, &settings) == 0;
    }

    /// <summary>Its size; null for what is no terminal.</summary>
    public static TerminalSize? Size(int fd)
    {
        winsize size;
        return Libc.ioctl(fd, termios_h.TIOCGWINSZ, &size) == 0 ? new TerminalSize(size.ws_row, size.ws_col) : null;
    }

    /// <summary>Sets its size; the foreground process group gets SIGWINCH.</summary>
    public static void Resize(int fd, TerminalSize size)
    {
        var value = new winsize { ws_row = (ushort)size.Rows, ws_col = (ushort)size.Columns };
        if (Libc.ioctl(fd, termios_h.TIOCSWINSZ, &value) != 0)
        {
            throw SyscallException.Last("ioctl", "TIOCSWINSZ");
        }
    }

    /// <summary>The terminal does not put a carriage return before a newline: what shows it, a terminal itself, does (runc's docs/terminals.md).</summary>
    public static void PassNewlines(SafeFd terminal)
    {
        termios settings;
        if (Libc.ioctl(terminal.Value, termios_h.TCGETS, &settings) != 0)
        {
            throw SyscallException.Last("ioctl", "TCGETS");
        }

        settings.c_oflag &= ~(uint)termios_h.ONLCR;
        if (Libc.ioctl(terminal.Value, termios_h.TCSETS, &settings) != 0)
        {
            throw SyscallException.Last("ioctl", "TCSETS");
        }
    }

    /// <summary>Passes every byte on as it is typed, as cfmakeraw does; disposing the result restores what was.</summary>
    public static IDisposable MakeRaw(int fd)
    {
        termios before;
        if (Libc.ioctl(fd, termios_h.TCGETS, &before) != 0)
        {
            throw SyscallException.Last("ioctl", "TCGETS");
        }

        var raw = before;
        raw.c_iflag &= ~(uint)(termios_h.IGNBRK | termios_h.BRKINT | termios_h.PARMRK | termios_h.ISTRIP | termios_h.INLCR
            | termios_h.IGNCR | termios_h.ICRNL | termios_h.IXON);
        raw.c_oflag &= ~(uint)termios_h.OPOST;
        raw.c_lflag &= ~(uint)(termios_h.ECHO | termios_h.ECHONL | termios_h.ICANON | termios_h.ISIG | termios_h.IEXTEN);
        raw.c_cflag = (raw.c_cflag & ~(uint)(termios_h.CSIZE | termios_h.PARENB)) | termios_h.CS8;
        raw.c_cc[termios_h.VMIN] = 1;
        raw.c_cc[termios_h.VTIME] = 0;
        // What was typed ahead stays, for the program.
        return Libc.ioctl(fd, termios_h.TCSETS, &raw) == 0 ? new Restored(fd, before) : throw SyscallException.Last("ioctl", "TCSETS");
    }

    private sealed class Restored(int fd, termios settings) : IDisposable
    {
        private bool _done;

        public void Dispose()
        {
            if (!_done)
            {
                _done = true;
                var value = settings;
                _ = Libc.ioctl(fd, termios_h.TCSETSW, &value);
            }
        }
    }
}
